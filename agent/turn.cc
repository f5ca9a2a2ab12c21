// SPDX-License-Identifier: Apache-2.0
#include "agent/turn.h"

#include <algorithm>
#include <set>
#include <utility>

#include "agent/acquisition.h"
#include "agent/candidate.h"
#include "agent/reloads.h"
#include "foundation/text.h"

namespace install_cert::agent {
namespace {

void repair_drift(std::vector<Candidate>& candidates, const TurnPorts& ports) {
    for (Candidate& candidate : candidates) {
        if (!candidate.decision.repair) {
            continue;
        }
        auto repaired = ports.store.repair(*candidate.spec);
        if (!repaired) {
            candidate.outcome.kind = OutcomeKind::failed;
            candidate.outcome.error = std::move(repaired.error());
            continue;
        }
        candidate.outcome.kind = OutcomeKind::repaired;
        candidate.outcome.remarks.insert(
            candidate.outcome.remarks.end(), repaired->begin(), repaired->end());
    }
}

// A look that came to nothing is no reason for a worker a second, nor for losing the whole lead.
std::chrono::seconds ca_look_retry(const role::Role& role) {
    return std::clamp(role.renewal.ca_refresh / 4,
                      std::min(role.renewal.ca_refresh, std::chrono::seconds{60}),
                      role.renewal.ca_refresh);
}

// Mounts whose CA is due to be looked at, and which a good set on this host depends on.
std::set<std::string> mounts_to_look_at(const role::Role& role,
                                        const std::vector<Candidate>& candidates,
                                        const State& state,
                                        WallTime now) {
    std::set<std::string> mounts;
    for (const Candidate& candidate : candidates) {
        const auto next = state.next_ca_look.find(candidate.spec->mount);
        // Further away than a whole period: the clock was set back.
        const bool due = next == state.next_ca_look.end() || next->second <= now ||
                         next->second - now > role.renewal.ca_refresh;
        if (candidate.installed && candidate.decision.valid && due) {
            mounts.insert(candidate.spec->mount);
        }
    }
    return mounts;
}

// Every host trusts a new CA before any host presents its leaf (no token is needed to look).
void watch_authorities(const role::Role& role,
                       const TurnRequest& request,
                       const TurnPorts& ports,
                       std::vector<Candidate>& candidates,
                       Acquisition& acquisition,
                       State& state,
                       TurnReport& report) {
    for (const std::string& mount : mounts_to_look_at(role, candidates, state, ports.clock.now())) {
        const auto issuer = ports.issuer();
        const auto presented =
            issuer ? (*issuer)->authorities(mount, request.deadline)
                   : Result<std::vector<x509::Certificate>>(std::unexpected(issuer.error()));
        if (!presented) {
            state.next_ca_look[mount] = ports.clock.now() + ca_look_retry(role);
            report.remarks.push_back("looking up the CA of " + mount + ": " +
                                     presented.error().what);
            continue;
        }
        state.next_ca_look[mount] = ports.clock.now() + role.renewal.ca_refresh;
        for (Candidate& candidate : candidates) {
            const bool untouched = candidate.outcome.kind == OutcomeKind::kept ||
                                   candidate.outcome.kind == OutcomeKind::repaired ||
                                   candidate.outcome.kind == OutcomeKind::postponed;
            if (candidate.spec->mount == mount && candidate.installed && candidate.decision.valid &&
                untouched) {
                acquisition.extend_trust(candidate, *presented);
            }
        }
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
            report.remarks.push_back(candidate.spec->name + ": removed " +
                                     std::to_string(*collected) +
                                     " leftovers of an interrupted turn");
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

std::vector<EndingToken> ending_tokens(const std::vector<Outcome>& outcomes, const State& state) {
    std::vector<EndingToken> ending;
    for (const auto& [source, token] : state.tokens) {
        if (token.ends && !token.renewable && std::ranges::any_of(outcomes, [&](const Outcome& o) {
                return o.next >= *token.ends;
            })) {
            ending.push_back({.source = source, .ends = *token.ends});
        }
    }
    return ending;
}

}  // namespace

WallTime next_wake(const role::Role& role,
                   const TurnReport& report,
                   const State& state,
                   WallTime now) {
    // Nothing that has a time: a day, so that hand-made changes are noticed even then.
    WallTime wake = now + std::chrono::days{1};
    for (const Outcome& outcome : report.certificates) {
        wake = std::min(wake, outcome.next);
        if (const auto known = state.certificates.find(outcome.spec->name);
            known != state.certificates.end()) {
            for (const auto& [consumer, at] : known->second.reload_at) {
                wake = std::min(wake, at);
            }
        }
        // A mount is looked at for the sake of sets that serve: see mounts_to_look_at().
        const auto look = state.next_ca_look.find(outcome.spec->mount);
        if (outcome.valid) {
            wake = std::min(
                wake,
                look == state.next_ca_look.end() ? now + role.renewal.ca_refresh : look->second);
        }
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
    repair_drift(candidates, ports);
    // Before anything new is staged, which looks just like it, and needs the room; after a swap it
    // would have to wait for the grace, and with it a key that was never published.
    collect_litter(candidates, ports, report);

    Acquisition acquisition(role, request, ports, state);
    acquisition.obtain(candidates);
    watch_authorities(role, request, ports, candidates, acquisition, state, report);
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
        report.reloads = pay_reloads(role, request, ports, state);
    }
    report.superseded = std::move(acquisition).superseded();
    report.all_valid =
        std::ranges::all_of(candidates, [](const Candidate& c) { return c.decision.valid; });
    for (Candidate& candidate : candidates) {
        candidate.outcome.valid = candidate.decision.valid;
        candidate.outcome.expiring = expiring(candidate, ports.clock.now());
        report.certificates.push_back(std::move(candidate.outcome));
    }
    report.ending_tokens = ending_tokens(report.certificates, state);
    report.next_wake = next_wake(role, report, state, ports.clock.now());
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
