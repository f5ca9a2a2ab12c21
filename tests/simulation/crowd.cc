// SPDX-License-Identifier: Apache-2.0
#include "simulation/crowd.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <vector>

namespace install_cert::simulation {
namespace {

// What the processes share.
struct Board {
    std::atomic<std::size_t> next{0};
    std::atomic<std::size_t> broken{0};
};

void work(Board& board,
          Share& share,
          std::size_t tasks,
          const std::function<void(std::size_t, Share&)>& task) {
    while (board.broken == 0) {
        const std::size_t mine = board.next++;
        if (mine >= tasks) {
            break;
        }
        task(mine, share);
        ++share.done;
        board.broken += share.broken;
        (void)std::fflush(stdout);
    }
    share.seconds = cpu_seconds();
    (void)std::fflush(stdout);
}

}  // namespace

double cpu_seconds() {
    timespec time{};
    (void)::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::size_t processors() {
    const long count = ::sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? static_cast<std::size_t>(count) : 1;
}

Share in_processes(std::size_t processes,
                   std::size_t tasks,
                   const std::function<void(std::size_t, Share&)>& task) {
    const std::size_t size = sizeof(Board) + processes * sizeof(Share);
    void* const shared =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        std::perror("mmap");
        std::exit(EXIT_FAILURE);
    }
    auto* const board = new (shared) Board;
    auto* const shares = new (static_cast<char*>(shared) + sizeof(Board)) Share[processes];
    (void)std::fflush(stdout);
    std::vector<pid_t> children;
    for (std::size_t i = 0; i < processes; ++i) {
        const pid_t child = ::fork();
        if (child == 0) {
            (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
            work(*board, shares[i], tasks, task);
            ::_exit(EXIT_SUCCESS);
        }
        children.push_back(child);
    }
    Share sum;
    for (std::size_t i = 0; i < processes; ++i) {
        int status = 0;
        const bool ended = children[i] > 0 && ::waitpid(children[i], &status, 0) == children[i];
        // One that crashed has proven nothing.
        sum.broken += shares[i].broken + (ended && status == 0 ? 0 : 1);
        sum.done += shares[i].done;
        sum.seconds += shares[i].seconds;
        sum.counts += shares[i].counts;
    }
    (void)::munmap(shared, size);
    return sum;
}

}  // namespace install_cert::simulation
