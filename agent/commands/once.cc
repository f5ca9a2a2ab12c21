// SPDX-License-Identifier: Apache-2.0
// `once` and, where no daemon runs, `renew`: one turn here and now.
#include <charconv>
#include <filesystem>
#include <system_error>
#include <utility>

#include "agent/commands/commands.h"
#include "agent/configuration/workplace.h"
#include "agent/process.h"
#include "agent/record/accepted.h"
#include "agent/record/recorded.h"
#include "agent/report/console.h"
#include "agent/supervisor/control.h"
#include "agent/turn/candidate.h"
#include "agent/turn/local_turn.h"

namespace install_cert::agent {
namespace {

bool is_same_file(const std::string& a, const std::string& b) {
    std::error_code unknown;
    return a == b || std::filesystem::equivalent(a, b, unknown);
}

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

// So that a daemon goes on with what was installed here, and does not take it back by the older
// configuration that it accepted. One with a host file of its own keeps that.
void accept_configuration(const Workplace& workplace) {
    const std::string& directory = workplace.places.state_directory;
    const auto accepted = read_accepted(directory);
    if (accepted && !is_same_file(accepted->host.file, workplace.places.config)) {
        return;
    }
    if (const auto kept = write_accepted(directory, workplace.texts); !kept) {
        warn(kept.error().what);
    }
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
    if (options.operands.empty()) {
        accept_configuration(**workplace);
    }
    say(*report, (*workplace)->clock.now());
    return exit_code(*report);
}

// A name that the daemon does not know would fail the others that are renewed in the same turn. The
// record tells without a question to the host or its resolver; where there is none, the turn will.
Result<> known_to_daemon(const Places& places, const std::vector<std::string>& names) {
    const auto recorded = read_recorded(places.state_directory);
    if (!recorded) {
        return {};
    }
    const auto selected = select(*recorded, names);
    if (selected) {
        return {};
    }
    Error unknown = selected.error();
    unknown.way_out += unknown.way_out.empty() ? "" : " ";
    unknown.way_out += "where it is new there, 'systemctl reload install_cert' first";
    return std::unexpected(std::move(unknown));
}

// The daemon renews by its own configuration, whatever file is named here.
Result<> same_as_daemon(const Places& places, const Options& options) {
    const auto accepted = read_accepted(places.state_directory);
    if (options.config.empty() || !accepted || is_same_file(accepted->host.file, places.config)) {
        return {};
    }
    return fail(
        Failure::usage,
        "the daemon of this host works with " + accepted->host.file + ", not with " + places.config,
        "leave --config out, or stop the daemon first");
}

// The daemon's answer is "CODE SENTENCE", sent when the turn is over, or at once without --wait.
int ask_daemon(const Options& options, int daemon) {
    const supervisor::RenewalRequest request{.names = options.operands, .wait = options.wait};
    if (const auto sent = supervisor::send_packet(daemon, supervisor::to_packet(request)); !sent) {
        return complain(sent.error());
    }
    const auto answer = supervisor::receive_packet(daemon, options.timeout);
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
    const std::string text = space == std::string::npos ? "" : (*answer)->substr(space + 1);
    if (code == 0) {
        say(text + "\n");
    } else {
        warn(text + "\n  way out: 'install-cert status', or 'journalctl -x -u install_cert'");
    }
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
            for (const auto& fits :
                 {same_as_daemon(places, options), known_to_daemon(places, options.operands)}) {
                if (!fits) {
                    return complain(fits.error());
                }
            }
            return ask_daemon(options, (*daemon)->get());
        }
    }
    return turn_here(options, renewal::Wish::renew_now, std::move(environment_token));
}

}  // namespace install_cert::agent
