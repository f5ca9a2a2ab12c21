// SPDX-License-Identifier: Apache-2.0
// `once` and, where no daemon runs, `renew`: one turn here and now.
#include <charconv>
#include <utility>

#include "agent/candidate.h"
#include "agent/commands/commands.h"
#include "agent/console.h"
#include "agent/local_turn.h"
#include "agent/process.h"
#include "agent/supervisor/control.h"
#include "agent/workplace.h"

namespace install_cert::agent {
namespace {

// Reads and decides as a turn does, and stops there: nothing is locked, written or asked.
int dry_run(Workplace& workplace, const Options& options, renewal::Wish wish) {
    const auto selected = select(workplace.role, options.operands);
    if (!selected) {
        return complain(selected.error());
    }
    const State state = read_state(workplace.places.state_directory);
    const TurnRequest request{
        .wish = wish, .certificates = *selected, .situation = workplace.situation()};
    std::vector<renewal::Decision> decisions;
    for (Candidate& candidate : survey(workplace.role, request, workplace.store, state)) {
        if (candidate.outcome.error) {
            candidate.decision.why = candidate.outcome.error->what;
        }
        decisions.push_back(std::move(candidate.decision));
    }
    say_plan(decisions);
    return 0;
}

int turn_here(const Options& options, renewal::Wish wish, Secret environment_token) {
    become_undumpable();
    // Counted from here: the configuration may ask a resolver.
    const BootTime deadline = SystemClock().since_boot() + options.timeout;
    auto workplace = Workplace::open(options);
    if (!workplace) {
        return complain(workplace.error());
    }
    for (const std::string& warning : (*workplace)->role.warnings) {
        warn(warning);
    }
    if (options.dry_run) {
        return dry_run(**workplace, options, wish);
    }
    const auto report = run_local_turn(**workplace,
                                       options,
                                       {.wish = wish,
                                        .environment_token = std::move(environment_token),
                                        .deadline = deadline,
                                        .reloads_until = deadline});
    if (!report) {
        return complain(report.error());
    }
    say(*report, (*workplace)->clock.now());
    return exit_code(*report);
}

// The daemon's answer is "CODE SENTENCE", sent when the turn is over, or at once without --wait.
int ask_daemon(const Options& options, int daemon) {
    const supervisor::RenewalRequest request{.names = options.operands, .wait = options.wait};
    if (const auto sent = supervisor::send_packet(daemon, supervisor::to_packet(request)); !sent) {
        return complain(sent.error());
    }
    const auto answer = supervisor::receive_packet(daemon);
    if (!answer) {
        return complain(answer.error());
    }
    if (!*answer) {
        return complain(Error{.kind = Failure::io,
                              .what = "the daemon hung up",
                              .way_out = "see 'journalctl -u install_cert'"});
    }
    if (!options.wait) {
        say("the daemon renews now; 'install-cert status' shows what came of it\n");
        return 0;
    }
    const std::size_t space = (*answer)->find(' ');
    int code = exit_code(Failure::io);
    (void)std::from_chars((*answer)->data(), (*answer)->data() + (*answer)->size(), code);
    say((space == std::string::npos ? "" : (*answer)->substr(space + 1)) + "\n");
    return code;
}

}  // namespace

int once(const Options& options, Secret environment_token) {
    return turn_here(options, renewal::Wish::what_is_due, std::move(environment_token));
}

// Through the daemon where one runs: it holds the lock, the schedule and the consumers' debts.
int renew(const Options& options, Secret environment_token) {
    if (!options.dry_run) {
        const Places places(options.root, options.config);
        const auto daemon = supervisor::connect_to(places.runtime_directory);
        if (!daemon) {
            return complain(daemon.error());
        }
        if (*daemon) {
            return ask_daemon(options, (*daemon)->get());
        }
    }
    return turn_here(options, renewal::Wish::renew_now, std::move(environment_token));
}

}  // namespace install_cert::agent
