// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/retirement.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

namespace install_cert::agent {
namespace {

void sleep_through(std::chrono::seconds duration) {
    timespec rest{.tv_sec = duration.count(), .tv_nsec = 0};
    while (::clock_nanosleep(CLOCK_BOOTTIME, 0, &rest, &rest) == EINTR) {
    }
}

// A caller that reads our output to its end must not wait for the child.
void let_go_of_descriptors() {
    const int null = ::open("/dev/null", O_RDWR);
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (null >= 0) {
            (void)::dup2(null, standard);
        }
    }
    // The turn's lock among them.
    (void)::close_range(STDERR_FILENO + 1, ~0U, 0);
}

}  // namespace

void retire_after_grace(installation::GenerationStore& store,
                        const std::vector<installation::Superseded>& superseded) {
    if (superseded.empty()) {
        return;
    }
    const pid_t child = ::fork();
    if (child != 0) {
        return;  // the parent; where fork failed, the next turn collects
    }
    (void)::setsid();
    let_go_of_descriptors();
    sleep_through(installation::kGrace);
    store.remove_generations(superseded);
    ::_exit(0);
}

}  // namespace install_cert::agent
