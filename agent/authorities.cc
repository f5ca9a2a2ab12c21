// SPDX-License-Identifier: Apache-2.0
#include "agent/authorities.h"

#include <algorithm>
#include <set>

#include "renewal/backoff.h"

namespace install_cert::agent {
namespace {

// Far more than any mount presents in the life of a leaf.
constexpr std::size_t kMostSightings = 32;

// A look that came to nothing is no reason for a worker a second, nor for losing the whole lead.
std::chrono::seconds retry_of(const role::RenewalPolicy& policy) {
    return std::clamp(policy.ca_refresh / 4,
                      std::min(policy.ca_refresh, std::chrono::seconds{60}),
                      policy.ca_refresh);
}

bool is_served(const Candidate& candidate) {
    return candidate.installed && candidate.decision.valid;
}

bool is_due(const std::string& mount,
            const State& state,
            const role::RenewalPolicy& policy,
            WallTime now) {
    const auto next = state.next_ca_look.find(mount);
    // Further away than a whole period: the clock was set back.
    return next == state.next_ca_look.end() || next->second <= now ||
           next->second - now > policy.ca_refresh;
}

std::set<std::string> mounts_due(const role::Role& role,
                                 std::span<const Candidate> candidates,
                                 const State& state,
                                 WallTime now) {
    std::set<std::string> mounts;
    for (const Candidate& candidate : candidates) {
        if (is_served(candidate) && is_due(candidate.spec->mount, state, role.renewal, now)) {
            mounts.insert(candidate.spec->mount);
        }
    }
    return mounts;
}

// A set of this turn's own has what was presented with it.
bool is_old(const Candidate& candidate) {
    return candidate.outcome.kind != OutcomeKind::installed &&
           candidate.outcome.kind != OutcomeKind::trust_published;
}

}  // namespace

void watch_authorities(const role::Role& role,
                       const TurnRequest& request,
                       const TurnPorts& ports,
                       std::span<Candidate> candidates,
                       Acquisition& acquisition,
                       State& state,
                       TurnReport& report) {
    for (const std::string& mount : mounts_due(role, candidates, state, ports.clock.now())) {
        const auto issuer = ports.issuer();
        const auto presented =
            issuer ? (*issuer)->authorities(mount, request.deadline)
                   : Result<std::vector<x509::Certificate>>(std::unexpected(issuer.error()));
        const WallTime now = ports.clock.now();
        state.next_ca_look[mount] =
            now + renewal::routine_delay(retry_of(role.renewal), ports.random());
        if (!presented) {
            report.remarks.push_back("looking up the CA of " + mount + ": " +
                                     presented.error().what);
            continue;
        }
        note_presented(mount, *presented, now, state);
        bool extended = true;
        for (Candidate& candidate : candidates) {
            if (candidate.spec->mount == mount && is_served(candidate) && is_old(candidate)) {
                extended = acquisition.extend_trust(candidate, *presented) && extended;
            }
        }
        if (extended) {
            state.next_ca_look[mount] =
                now + renewal::routine_delay(role.renewal.ca_refresh, ports.random());
        }
    }
}

std::optional<WallTime> next_ca_look(const role::Role& role,
                                     const Outcome& outcome,
                                     const State& state,
                                     WallTime now) {
    if (!outcome.valid) {
        return std::nullopt;
    }
    const auto next = state.next_ca_look.find(outcome.spec->mount);
    return next == state.next_ca_look.end() ? now + role.renewal.ca_refresh : next->second;
}

void note_presented(const std::string& mount,
                    std::span<const x509::Certificate> presented,
                    WallTime now,
                    State& state) {
    auto& seen = state.ca_seen[mount];
    for (const x509::Certificate& certificate : presented) {
        seen[certificate.facts().fingerprint] = now;
    }
    while (seen.size() > kMostSightings) {
        seen.erase(
            std::ranges::min_element(seen, {}, [](const auto& entry) { return entry.second; }));
    }
}

std::vector<issuance::TrustedAuthority> trust_seen(const installation::InstalledSet& installed,
                                                   const std::string& mount,
                                                   WallTime now,
                                                   State& state) {
    std::vector<issuance::TrustedAuthority> trust;
    auto& seen = state.ca_seen[mount];
    for (const issuance::TrustedAuthority& authority : installed.trust) {
        const WallTime last =
            seen.try_emplace(authority.certificate.facts().fingerprint, now).first->second;
        trust.push_back({.certificate = authority.certificate.clone(),
                         .last_seen = std::max(last, authority.last_seen)});
    }
    return trust;
}

}  // namespace install_cert::agent
