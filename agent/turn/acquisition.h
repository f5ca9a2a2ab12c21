// SPDX-License-Identifier: Apache-2.0
// From certificates that are due to published sets: prove that they can be written, ask, verify,
// stage, publish. No step is taken twice, and no failure of one certificate keeps another from
// being installed.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "agent/turn/candidate.h"
#include "agent/turn/publication.h"
#include "agent/turn/turn_context.h"

namespace install_cert::agent {

class Acquisition {
  public:
    Acquisition(const TurnContext& turn, Publication& publication)
        : turn_(turn), publication_(publication) {}

    // Asks for every candidate that is due and may be asked for now; its outcome says what came of
    // it.
    void obtain(std::span<Candidate> candidates);

  private:
    // An answer that is not valid yet by this host's clock.
    struct Held {
        Candidate* candidate;
        issuance::IssuedMaterial material;
        WallTime until;
    };

    [[nodiscard]] bool can_write(Candidate& candidate);
    [[nodiscard]] std::optional<x509::PrivateKey> key_to_keep(Candidate& candidate);
    void accept(Candidate& candidate, Result<issuance::IssuedMaterial> answer);
    void take(Candidate& candidate, issuance::IssuedMaterial material);
    void take_what_was_held();
    [[nodiscard]] Result<> stage_new(Candidate& candidate, issuance::IssuedMaterial material);
    [[nodiscard]] Result<> stage_leaf(Candidate& candidate,
                                      const issuance::VerifiedSet& verified,
                                      WallTime received);
    [[nodiscard]] bool trust_goes_first(const Candidate& candidate,
                                        const issuance::IssuedMaterial& material,
                                        std::span<const issuance::TrustedAuthority> trust) const;

    const TurnContext& turn_;
    Publication& publication_;
    std::vector<Held> held_;
};

}  // namespace install_cert::agent
