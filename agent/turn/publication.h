// SPDX-License-Identifier: Apache-2.0
// The sets of a turn on their way into the store: staged one by one, published together.
#pragma once

#include <optional>
#include <vector>

#include "agent/turn/candidate.h"
#include "agent/turn/turn_context.h"

namespace install_cert::agent {

class Publication {
  public:
    explicit Publication(const TurnContext& turn) : turn_(turn) {}

    // A set that was issued.
    [[nodiscard]] Result<> stage(Candidate& candidate,
                                 const issuance::VerifiedSet& verified,
                                 const installation::Provenance& provenance);

    // The installed leaf once more, under another trust. Its successor is put off until `leaf_at`.
    [[nodiscard]] Result<> stage_kept(Candidate& candidate,
                                      std::vector<issuance::TrustedAuthority> trust,
                                      std::optional<WallTime> leaf_at);

    // Publishes what is staged, and notes in each outcome and in the state what came of it. false:
    // not every set is published whole.
    bool publish();

    [[nodiscard]] std::vector<installation::Superseded> superseded() && {
        return std::move(superseded_);
    }

  private:
    struct Prepared {
        Candidate* candidate;
        OutcomeKind kind;
        installation::Staged staged;
        std::optional<WallTime> leaf_postponed_until{};
    };

    void note_published(const Prepared& prepared, installation::Published published);

    const TurnContext& turn_;
    std::vector<Prepared> prepared_;
    std::vector<installation::Superseded> superseded_;
};

}  // namespace install_cert::agent
