// SPDX-License-Identifier: Apache-2.0
#include "consumers/direct_command.h"

#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <string>
#include <string_view>
#include <utility>

#include "consumers/child.h"
#include "consumers/deadline.h"
#include "foundation/result.h"
#include "foundation/text.h"

namespace install_cert::consumers {

namespace {

// From SIGTERM to SIGKILL for a command whose time is up.
constexpr std::chrono::milliseconds kStopGrace{1000};

std::string_view last_line(std::string_view output) {
    output = trim(output);
    const std::size_t end = output.rfind('\n');
    return trim(end == std::string_view::npos ? output : output.substr(end + 1));
}

std::string ending(int status) {
    if (WIFSIGNALED(status)) {
        return "was killed by signal " + std::to_string(WTERMSIG(status));
    }
    return "exited with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

ReloadOutcome run_directly(const CommandRun& run) {
    auto child = Child::spawn(run.argv, run.environment);
    if (!child) {
        return {.state = ReloadState::failed, .what = std::move(child.error().what)};
    }
    std::string what;
    const bool ended = child->wait(Deadline(run.timeout));
    if (!ended) {
        child->signal(SIGTERM);
        (void)child->wait(Deadline(kStopGrace));
        what = "still ran after " + to_human(run.timeout) + " and was killed";
    }
    const int status = child->finish();
    if (ended) {
        what = ending(status);
    }
    if (const auto line = last_line(child->output()); !line.empty()) {
        what += ": " + printable(line);
    }
    const bool good = ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return {.state = good ? ReloadState::done : ReloadState::failed, .what = std::move(what)};
}

}  // namespace install_cert::consumers
