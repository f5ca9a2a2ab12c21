// SPDX-License-Identifier: Apache-2.0
// From certificates that are due to published sets: prove that they can be written, ask, verify,
// stage, publish. No step is taken twice, and no failure of one certificate keeps another from
// being installed.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "agent/candidate.h"
#include "agent/state.h"
#include "agent/turn.h"
#include "renewal/backoff.h"

namespace install_cert::agent {

class Acquisition {
  public:
    Acquisition(const role::Role& role,
                const TurnRequest& request,
                const TurnPorts& ports,
                State& state)
        : role_(role), request_(request), ports_(ports), state_(state) {}

    // Asks for every candidate that is due and may be asked for now; its outcome says what came of
    // it.
    void obtain(std::span<Candidate> candidates);

    // Publishes the installed leaf again with `presented` added to its CA file (trust goes before
    // leaf). Nothing happens where that changes nothing. false: it failed, or a new set is needed
    // for it.
    [[nodiscard]] bool extend_trust(Candidate& candidate,
                                    std::span<const x509::Certificate> presented);

    // The outcome of a set that came to nothing, with its back-off.
    void fail_with(Candidate& candidate, Error error);

    [[nodiscard]] std::vector<installation::Superseded> superseded() && {
        return std::move(superseded_);
    }

  private:
    // An answer that is not valid yet by this host's clock.
    struct Held {
        Candidate* candidate;
        issuance::IssuedMaterial material;
        WallTime until;
    };

    struct Prepared {
        Candidate* candidate;
        OutcomeKind kind;
        installation::Staged staged;
        std::optional<WallTime> leaf_postponed_until{};
    };

    [[nodiscard]] WallTime retry_time(const renewal::FailedAttempt& failed) const;
    [[nodiscard]] bool may_ask(Candidate& candidate);
    [[nodiscard]] bool can_write(Candidate& candidate);
    [[nodiscard]] bool rests(Candidate& candidate, renewal::Asker asker);
    [[nodiscard]] std::optional<x509::PrivateKey> key_to_keep(Candidate& candidate);
    void take_back_request(const Candidate& candidate);
    void accept(Candidate& candidate, Result<issuance::IssuedMaterial> answer);
    void take(Candidate& candidate, issuance::IssuedMaterial material);
    void take_what_was_held();
    [[nodiscard]] Result<> stage_new(Candidate& candidate, issuance::IssuedMaterial material);
    [[nodiscard]] Result<> stage_old_with(Candidate& candidate,
                                          std::vector<issuance::TrustedAuthority> trust,
                                          std::optional<WallTime> leaf_at);
    [[nodiscard]] bool trust_goes_first(const Candidate& candidate,
                                        const issuance::IssuedMaterial& material,
                                        std::span<const issuance::TrustedAuthority> trust) const;
    // false: not every set that was prepared is published whole; its outcome says why.
    bool publish();
    void note_published(const Prepared& prepared, installation::Published published);

    [[nodiscard]] WallTime now() const { return ports_.clock.now(); }

    const role::Role& role_;
    const TurnRequest& request_;
    const TurnPorts& ports_;
    State& state_;
    std::vector<Held> held_;
    std::vector<Prepared> prepared_;
    std::vector<installation::Superseded> superseded_;
};

}  // namespace install_cert::agent
