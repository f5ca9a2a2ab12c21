// SPDX-License-Identifier: Apache-2.0
// `turn`: the supervisor's worker. The turn that `once` runs, reported to the journal and on a
// pipe.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>

#include "agent/commands/commands.h"
#include "agent/configuration/workplace.h"
#include "agent/process.h"
#include "agent/record/small_file.h"
#include "agent/report/complaint.h"
#include "agent/report/console.h"
#include "agent/report/journal.h"
#include "agent/supervisor/turn_report.h"
#include "agent/turn/local_turn.h"
#include "foundation/text.h"

namespace install_cert::agent {
namespace {

// Consumers of Vault wait longer in a daemon than at a prompt.
constexpr std::chrono::seconds kTurnTimeout{120};
// Well before the supervisor kills the turn (worker.h).
constexpr std::chrono::minutes kConsumersTimeout{25};
// As long as the supervisor's own back-off grows: what came to nothing may last.
constexpr std::chrono::seconds kRetry{60};

void report_to_supervisor(const supervisor::TurnReport& report) {
    struct stat end{};
    if (::fstat(supervisor::kReportDescriptor, &end) != 0 || !S_ISFIFO(end.st_mode)) {
        return;  // started by hand: the number may be that of any file of this turn
    }
    const std::string text = to_text(report);
    // Far below PIPE_BUF: written whole or, where nobody listens, not at all.
    std::ignore = ::write(supervisor::kReportDescriptor, text.data(), text.size());
    (void)::close(supervisor::kReportDescriptor);
}

// There while the files of a SIGHUP wait for a fact of this host: every turn looks at them again.
// The supervisor's `again` would hold back what operators ask for meanwhile.
std::string unread_mark(const Options& options) {
    return Places(options.root, options.config).runtime_directory + "/unread";
}

// New configurations are looked at when somebody asked for it: at start and at a SIGHUP.
bool reads_files(const Options& options) {
    return options.cause == "start" || options.cause == "reload" ||
           ::access(unread_mark(options).c_str(), F_OK) == 0;
}

bool are_worth_saying(const Options& options, const std::vector<Error>& errors) {
    std::vector<std::string> texts;
    std::ranges::transform(errors, std::back_inserter(texts), &Error::what);
    return is_worth_saying(Places(options.root, options.config).runtime_directory,
                           join(texts, "\n"),
                           SystemClock().now());
}

using Opened = std::expected<std::unique_ptr<Workplace>, std::vector<Error>>;

struct Opening {
    Opened workplace;
    bool is_of_files = false;  // that somebody asked to read
    bool files_wait = false;   // for a fact of this host
};

// Nobody accepted the files: they stand in for what was lost, and not for what will do later.
Opened open_accepted(const Options& options) {
    auto accepted = Workplace::open(options, Workplace::From::accepted);
    return accepted || may_pass(accepted.error()) ? std::move(accepted) : Workplace::open(options);
}

Opening open_workplace(const Options& options) {
    if (!reads_files(options)) {
        return {.workplace = open_accepted(options)};
    }
    auto fresh = Workplace::open(options);
    if (fresh || options.cause == "start") {
        return {.workplace = std::move(fresh), .is_of_files = true};
    }
    const bool waits = may_pass(fresh.error());
    if (waits) {
        std::ignore = replace_file(unread_mark(options), "");
    } else {
        (void)::unlink(unread_mark(options).c_str());
    }
    auto accepted = open_accepted(options);
    if (!waits || (accepted && are_worth_saying(options, fresh.error()))) {
        journal_rejected_configuration(fresh.error());
    }
    return {.workplace = std::move(accepted), .files_wait = waits};
}

Result<> accept_files(const Workplace& workplace, const Options& options) {
    auto kept = write_accepted(workplace.places.state_directory, workplace.texts);
    if (kept) {
        (void)::unlink(unread_mark(options).c_str());
    }
    return kept;
}

std::string status_line(const TurnReport& report, WallTime now) {
    std::vector<std::string> parts;
    for (const Outcome& outcome : report.certificates) {
        const std::string when =
            outcome.next > now ? "next in " + to_human(outcome.next - now) : "next at once";
        parts.push_back(outcome.spec->name +
                        (outcome.error ? ": " + outcome.error->what + ", " : " ") + when);
    }
    for (const ReloadReport& reload : report.reloads) {
        if (reload.outcome.state == consumers::ReloadState::failed) {
            parts.push_back(reload.consumer + " is owed a reload");
        }
    }
    if (const std::size_t dropped = journal_dropped(); dropped != 0) {
        parts.push_back(std::to_string(dropped) + " entries did not reach the journal");
    }
    return join(parts, "; ");
}

int failed_to_open(const Options& options, const std::vector<Error>& errors) {
    if (are_worth_saying(options, errors)) {
        journal_configuration(errors);
    }
    const bool passes = may_pass(errors);
    const int code = exit_code(passes ? Failure::not_yet : Failure::config);
    report_to_supervisor({.exit_code = code,
                          // The files of this start are still to be read; who asked for anything
                          // else is told.
                          .again = options.cause == "start" && passes,
                          .next_wake = SystemClock().now() + kRetry,
                          .status = "configuration: " + errors.front().what});
    return code;
}

}  // namespace

int turn(const Options& options) {
    become_undumpable();
    const auto [workplace, is_of_files, files_wait] = open_workplace(options);
    if (!workplace) {
        return failed_to_open(options, workplace.error());
    }
    const BootTime begun = (*workplace)->clock.since_boot();
    const bool asked = options.cause == "renew";
    const auto report =
        run_local_turn(**workplace,
                       options,
                       {.wish = asked ? renewal::Wish::renew_now : renewal::Wish::what_is_due,
                        .patience = options.cause == "timer" ? TurnRequest::Patience::keeps_backoff
                                                             : TurnRequest::Patience::tries_at_once,
                        .environment_token = {},
                        .deadline = begun + kTurnTimeout,
                        .reloads_until = begun + kConsumersTimeout});
    const WallTime now = (*workplace)->clock.now();
    if (!report) {
        if (is_worth_saying((*workplace)->places.runtime_directory, report.error().what, now)) {
            journal_failure(report.error());
        }
        const int code = exit_code(report.error().kind);
        report_to_supervisor({.exit_code = code,
                              // Another instance was at work: nothing that was asked for is lost.
                              .again = report.error().kind == Failure::not_yet,
                              .next_wake = now + kRetry,
                              .status = report.error().what});
        return code;
    }
    if (!files_wait) {
        forget_complaint((*workplace)->places.runtime_directory);
    }
    const auto kept = is_of_files ? accept_files(**workplace, options) : Result<>();
    if (!kept) {
        journal_failure(kept.error());
    }
    if (options.cause == "clock") {
        journal_clock_step();
    }
    journal_turn(*report);
    const int code = exit_code(*report);
    // A turn about some certificates knows nothing of the others: the next one, at once, is about
    // all.
    const bool partial = !options.operands.empty();
    if (!partial) {
        journal_readiness(*report, options.cause == "start" ? Occasion::start : Occasion::later);
    }
    const WallTime next_wake =
        files_wait ? std::min(report->next_wake, now + kRetry) : report->next_wake;
    report_to_supervisor(
        {.exit_code = code,
         // The next turns would go back to the configuration that was accepted before.
         .again = !kept,
         .valid = report->all_valid && !partial,
         .next_wake = partial ? now : next_wake,
         .status = (files_wait ? "the changed configuration waits for this host; " : "") +
                   status_line(*report, now)});
    return code;
}

}  // namespace install_cert::agent
