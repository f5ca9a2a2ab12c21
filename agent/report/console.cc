// SPDX-License-Identifier: Apache-2.0
#include "agent/report/console.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iostream>

#include "foundation/text.h"

namespace install_cert::agent {
namespace {

std::string sentence(const Outcome& outcome, WallTime now) {
    const std::string next = "next renewal in " + to_human(outcome.next - now);
    switch (outcome.kind) {
        case OutcomeKind::kept:
            return outcome.why + ", " + next;
        case OutcomeKind::repaired:
            return "repaired; " + outcome.why + ", " + next;
        case OutcomeKind::installed:
            return "installed " + outcome.serial + ", good until " + to_rfc3339(outcome.not_after) +
                   ", " + next +
                   (outcome.cause == renewal::Cause::not_installed ? "" : " (" + outcome.why + ")");
        case OutcomeKind::trust_published:
            return "its CA changed: the CA file trusts old and new, the new leaf is asked for in " +
                   to_human(outcome.next - now);
        case OutcomeKind::postponed:
        case OutcomeKind::resting:
            return "postponed: " + outcome.why;
        case OutcomeKind::failed:
            return "failed";
    }
    std::unreachable();
}

std::string sentence(const ReloadReport& reload) {
    const std::string what = reload.outcome.what.empty() ? "" : ": " + reload.outcome.what;
    switch (reload.outcome.state) {
        case consumers::ReloadState::done:
            return "reloaded" + what;
        case consumers::ReloadState::not_running:
            return "not running, reads its files when it starts" + what;
        case consumers::ReloadState::missing:
            return "no such unit" + what;
        case consumers::ReloadState::failed:
            return "reload failed, still owed" + what;
    }
    std::unreachable();
}

}  // namespace

Colour colour_of_stdout() {
    const char* const terminal = std::getenv("TERM");
    const bool plain = std::getenv("NO_COLOR") != nullptr || terminal == nullptr ||
                       std::strcmp(terminal, "dumb") == 0;
    return !plain && ::isatty(STDOUT_FILENO) == 1 ? Colour::ansi : Colour::none;
}

void say(const std::string& text) {
    std::cout << text << std::flush;
}

void warn(const std::string& text) {
    std::cerr << "install-cert: " << text << '\n' << std::flush;
}

int complain(const Error& error) {
    warn(error.what + (error.way_out.empty() ? "" : "\n  way out: " + error.way_out));
    return exit_code(error.kind);
}

int complain(const std::vector<Error>& errors) {
    for (const Error& error : errors) {
        (void)complain(error);
    }
    return exit_code(Failure::config);
}

void say(const TurnReport& report, WallTime now) {
    for (const Outcome& outcome : report.certificates) {
        for (const std::string& remark : outcome.remarks) {
            say(outcome.spec->name + ": " + remark + "\n");
        }
        if (outcome.error) {
            Error error = *outcome.error;
            const bool named = error.what.starts_with(outcome.spec->name + ":");
            error.what = (named ? "" : outcome.spec->name + ": ") + error.what;
            (void)complain(error);
        } else {
            say(outcome.spec->name + ": " + sentence(outcome, now) + "\n");
        }
    }
    for (const ReloadReport& reload : report.reloads) {
        const std::string text = reload.consumer + ": " + sentence(reload);
        if (reload.outcome.state == consumers::ReloadState::failed) {
            warn(text);
        } else {
            say(text + "\n");
        }
    }
    for (const std::string& remark : report.remarks) {
        warn(remark);
    }
}

void say_plan(const std::vector<renewal::Decision>& decisions) {
    for (const renewal::Decision& decision : decisions) {
        std::string action =
            decision.cause == renewal::Cause::none ? "would be kept" : "would be obtained";
        if (decision.cause == renewal::Cause::none && decision.repair) {
            action = "would be repaired";
        }
        say(decision.spec->name + ": " + action + ": " + decision.why + "\n");
    }
}

}  // namespace install_cert::agent
