// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/authorities.h"

#include <algorithm>
#include <set>
#include <utility>

#include "agent/turn/setback.h"
#include "issuance/trust.h"
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

std::set<std::string> mounts_due(const TurnContext& turn, std::span<const Candidate> candidates) {
    std::set<std::string> mounts;
    for (const Candidate& candidate : candidates) {
        if (is_served(candidate) &&
            is_due(candidate.spec->mount, turn.state, turn.role.renewal, turn.now())) {
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

// false: it failed, or a new set is needed for it.
bool extend_trust(Candidate& candidate,
                  std::span<const x509::Certificate> presented,
                  const TurnContext& turn,
                  Publication& publication) {
    const installation::InstalledSet& installed = *candidate.installed;
    auto trust =
        issuance::merged_trust(trust_seen(installed, candidate.spec->mount, turn.now(), turn.state),
                               presented,
                               turn.now(),
                               trust_kept_for(*candidate.spec, installed));
    if (is_installed_trust(trust, installed)) {
        return true;
    }
    auto& leaf_at = turn.state.certificates[candidate.spec->name].leaf_postponed_until;
    if (!candidate.spec->files.key) {
        // Nothing to publish the old leaf with, and nobody here who presents it: a new one now, be
        // it only for an old CA that has had its ttl.
        leaf_at = turn.now();
        candidate.outcome.next = turn.now();
        return true;
    }
    // No leaf was asked for: one that was put off before stays put off.
    if (const auto staged = publication.stage_kept(candidate, std::move(trust), leaf_at); !staged) {
        set_back(candidate, staged.error(), turn);
        return false;
    }
    return publication.publish();
}

}  // namespace

void watch_authorities(const TurnContext& turn,
                       std::span<Candidate> candidates,
                       Publication& publication,
                       TurnReport& report) {
    const role::RenewalPolicy& policy = turn.role.renewal;
    for (const std::string& mount : mounts_due(turn, candidates)) {
        const auto issuer = turn.ports.issuer();
        const auto presented =
            issuer ? (*issuer)->authorities(mount, turn.request.deadline)
                   : Result<std::vector<x509::Certificate>>(std::unexpected(issuer.error()));
        const WallTime now = turn.now();
        WallTime& next_look = turn.state.next_ca_look[mount];
        next_look = now + renewal::routine_delay(retry_of(policy), turn.ports.random());
        if (!presented) {
            report.remarks.push_back("looking up the CA of " + mount + ": " +
                                     presented.error().what);
            continue;
        }
        note_presented(mount, *presented, now, turn.state);
        bool extended = true;
        for (Candidate& candidate : candidates) {
            if (candidate.spec->mount == mount && is_served(candidate) && is_old(candidate)) {
                extended = extend_trust(candidate, *presented, turn, publication) && extended;
            }
        }
        if (extended) {
            next_look = now + renewal::routine_delay(policy.ca_refresh, turn.ports.random());
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

bool is_installed_trust(std::span<const issuance::TrustedAuthority> trust,
                        const installation::InstalledSet& installed) {
    return issuance::fingerprints(trust) == issuance::fingerprints(installed.trust);
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
