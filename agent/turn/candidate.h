// SPDX-License-Identifier: Apache-2.0
// One certificate on its way through a turn: what is installed, what was decided, what came of it.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "agent/record/state.h"
#include "agent/turn/turn.h"
#include "installation/generation_store.h"
#include "renewal/plan.h"
#include "role/role.h"

namespace install_cert::agent {

struct Candidate {
    const role::CertificateSpec* spec;
    std::optional<installation::InstalledSet> installed{};
    renewal::Decision decision{};
    Outcome outcome{};
};

// Reads back what is installed and decides. A set that cannot be read (a hostile link in its way)
// comes as an outcome that failed.
[[nodiscard]] std::vector<Candidate> survey(const role::Role& role,
                                            const TurnRequest& request,
                                            installation::GenerationStore& store,
                                            const State& state);

[[nodiscard]] renewal::Lifetime lifetime_of(const installation::InstalledSet& installed);

// How long a CA that left the mount is trusted on: one ttl, as other hosts were granted it.
[[nodiscard]] std::chrono::seconds trust_kept_for(const role::CertificateSpec& spec,
                                                  const installation::InstalledSet& installed);

}  // namespace install_cert::agent
