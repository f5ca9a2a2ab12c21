// SPDX-License-Identifier: Apache-2.0
#include "own_processes.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace install_cert::tracer {
namespace {

bool see_only_own_processes() {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        return false;
    }
    // What somebody has put there is to be seen further on.
    const int memory = ::open("/proc/meminfo", O_PATH | O_CLOEXEC);
    const std::string source = "/proc/self/fd/" + std::to_string(memory);
    const bool done = memory >= 0 && ::mount("proc", "/proc", "proc", 0, nullptr) == 0 &&
                      ::mount(source.c_str(), "/proc/meminfo", nullptr, MS_BIND, nullptr) == 0;
    (void)::close(memory);
    return done;
}

}  // namespace

int among_own_processes(const std::function<int()>& work, int otherwise) {
    if (::unshare(CLONE_NEWPID) != 0) {
        return otherwise;
    }
    const pid_t first = ::fork();
    if (first == 0) {
        ::_exit(see_only_own_processes() ? work() : otherwise);
    }
    int status = 0;
    if (first < 0 || ::waitpid(first, &status, 0) != first || !WIFEXITED(status)) {
        return otherwise;
    }
    return WEXITSTATUS(status);
}

}  // namespace install_cert::tracer
