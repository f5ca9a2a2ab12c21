// SPDX-License-Identifier: Apache-2.0
// The CAs of the mounts: when each is looked at again, and when each was presented last. Every host
// trusts a new CA before any host presents its leaf.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/turn/candidate.h"
#include "agent/turn/publication.h"
#include "agent/turn/turn_context.h"

namespace install_cert::agent {

// Looks at the mounts that are due (no token is needed) and extends the trust of good sets. What
// cannot be looked up is a remark of the report.
void watch_authorities(const TurnContext& turn,
                       std::span<Candidate> candidates,
                       Publication& publication,
                       TurnReport& report);

// When the mount of a set that is installed and good is due; nullopt for any other set, which no
// look can serve.
[[nodiscard]] std::optional<WallTime> next_ca_look(const role::Role& role,
                                                   const Outcome& outcome,
                                                   const State& state,
                                                   WallTime now);

// Whether this trust is the installed one.
[[nodiscard]] bool is_installed_trust(std::span<const issuance::TrustedAuthority> trust,
                                      const installation::InstalledSet& installed);

// Writes down what the mount presents.
void note_presented(const std::string& mount,
                    std::span<const x509::Certificate> presented,
                    WallTime now,
                    State& state);

// What the set trusts, each CA with the time at which its mount presented it last. One that no
// state tells of counts as seen now: a lost state must not take the trust of other hosts' leaves
// away.
[[nodiscard]] std::vector<issuance::TrustedAuthority> trust_seen(
    const installation::InstalledSet& installed,
    const std::string& mount,
    WallTime now,
    State& state);

}  // namespace install_cert::agent
