// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/turn.h"

#include <algorithm>
#include <utility>

#include "agent/turn/acquisition.h"
#include "agent/turn/authorities.h"
#include "agent/turn/candidate.h"
#include "agent/turn/publication.h"
#include "agent/turn/reloads.h"
#include "agent/turn/setback.h"
#include "agent/turn/token_care.h"
#include "agent/turn/turn_context.h"
#include "foundation/text.h"

namespace install_cert::agent {
namespace {

// A set that cannot be put right, or not even looked at, rests like one that cannot be obtained.
// One that is due is asked for all the same: a new generation may be the cure.
void repair_drift(std::vector<Candidate>& candidates, const TurnContext& turn) {
    for (Candidate& candidate : candidates) {
        if (candidate.outcome.kind == OutcomeKind::failed) {
            set_back(candidate, *candidate.outcome.error, turn);
        }
        if (!candidate.decision.repair) {
            continue;
        }
        auto repaired = turn.ports.store.repair(*candidate.spec);
        if (!repaired && candidate.decision.cause == renewal::Cause::none) {
            set_back(candidate, std::move(repaired.error()), turn);
            continue;
        }
        if (!repaired) {
            candidate.outcome.remarks.push_back("cannot be put right in place: " +
                                                repaired.error().what);
            continue;
        }
        candidate.outcome.kind = OutcomeKind::repaired;
        candidate.outcome.remarks.insert(
            candidate.outcome.remarks.end(), repaired->begin(), repaired->end());
    }
}

void collect_litter(const std::vector<Candidate>& candidates,
                    const TurnPorts& ports,
                    TurnReport& report) {
    for (const Candidate& candidate : candidates) {
        const auto collected = ports.store.collect(*candidate.spec);
        if (!collected) {
            report.remarks.push_back("collecting litter: " + collected.error().what);
        } else if (*collected != 0) {
            report.remarks.push_back(candidate.spec->name +
                                     ": removed what earlier turns had left (" +
                                     std::to_string(*collected) + ")");
        }
    }
}

std::optional<WallTime> expiring(const Candidate& candidate, WallTime now) {
    if (!candidate.installed || !candidate.outcome.error ||
        now < renewal::last_tenth(lifetime_of(*candidate.installed))) {
        return std::nullopt;
    }
    return lifetime_of(*candidate.installed).not_after;
}

// An error is told of for as long as there is something to mend.
void forget_healed(const Candidate& candidate, State& state) {
    const auto known = state.certificates.find(candidate.spec->name);
    if (known != state.certificates.end() && candidate.decision.valid &&
        candidate.decision.cause == renewal::Cause::none && !candidate.outcome.error) {
        known->second.last_error.reset();
    }
}

}  // namespace

std::vector<EndingToken> ending_tokens(const std::vector<Outcome>& outcomes, const State& state) {
    std::vector<EndingToken> ending;
    for (const auto& [source, token] : state.tokens) {
        if (std::ranges::any_of(outcomes, [&](const Outcome& outcome) {
                return token_source(outcome.spec->auth) == source &&
                       ends_before(token, outcome.next);
            })) {
            ending.push_back({.source = source, .ends = *token.final_end});
        }
    }
    return ending;
}

WallTime next_wake(const role::Role& role,
                   const TurnReport& report,
                   const TurnPorts& ports,
                   const State& state) {
    const WallTime now = ports.clock.now();
    // Nothing that has a time: a day, so that hand-made changes are noticed even then.
    WallTime wake = now + std::chrono::days{1};
    for (const Outcome& outcome : report.certificates) {
        wake = std::min(wake, outcome.next);
        if (const auto known = state.certificates.find(outcome.spec->name);
            known != state.certificates.end() && ports.services != nullptr) {
            for (const auto& [consumer, owed] : known->second.owed_reloads) {
                wake = std::min(wake, owed.due);
            }
        }
        wake = std::min(wake, next_ca_look(role, outcome, state, now).value_or(wake));
    }
    for (const auto& [source, token] : state.tokens) {
        wake = std::min(wake, token.next_care);
    }
    return wake;
}

TurnReport run_turn(const role::Role& role,
                    const TurnRequest& request,
                    const TurnPorts& ports,
                    State& state) {
    TurnReport report;
    std::vector<Candidate> candidates = survey(role, request, ports.store, state);
    const TurnContext turn{.role = role, .request = request, .ports = ports, .state = state};
    repair_drift(candidates, turn);
    // Before anything new is staged, which looks just like it, and needs the room; after a swap it
    // would have to wait for the grace, and with it a key that was never published.
    collect_litter(candidates, ports, report);

    Publication publication(turn);
    Acquisition(turn, publication).obtain(candidates);
    watch_authorities(turn, candidates, publication, report);
    if (ports.care_for_tokens) {
        ports.care_for_tokens(state, ports.clock.now(), request.deadline);
    }
    // Consumers may take minutes, and run programs that we do not know: no token waits for them.
    if (ports.leave_vault) {
        ports.leave_vault();
    }
    // Here the sets are published: whatever happens from now on, a reload that is owed shows in the
    // difference between what is installed and what consumers acknowledged.
    if (ports.services != nullptr) {
        report.reloads = pay_reloads(turn);
    }
    report.superseded = std::move(publication).superseded();
    report.all_valid =
        std::ranges::all_of(candidates, [](const Candidate& c) { return c.decision.valid; });
    for (Candidate& candidate : candidates) {
        forget_healed(candidate, state);
        candidate.outcome.valid = candidate.decision.valid;
        candidate.outcome.expiring = expiring(candidate, ports.clock.now());
        report.certificates.push_back(std::move(candidate.outcome));
    }
    report.ending_tokens = ending_tokens(report.certificates, state);
    report.next_wake = next_wake(role, report, ports, state);
    return report;
}

int exit_code(const TurnReport& report) {
    std::optional<Failure> gravest;
    const auto note = [&](Failure kind) { gravest = gravest ? graver(*gravest, kind) : kind; };
    for (const Outcome& outcome : report.certificates) {
        if (outcome.error) {
            note(outcome.error->kind);
        }
    }
    for (const ReloadReport& reload : report.reloads) {
        if (reload.outcome.state == consumers::ReloadState::failed) {
            note(Failure::not_yet);
        }
    }
    return gravest ? install_cert::exit_code(*gravest) : 0;
}

}  // namespace install_cert::agent
