// SPDX-License-Identifier: Apache-2.0
// The story: one turn, from what lies on disk to what is installed and reloaded. `once`, `renew`
// and the daemon's worker are this and nothing else.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/record/state.h"
#include "consumers/service_control.h"
#include "foundation/clock.h"
#include "foundation/result.h"
#include "installation/generation_store.h"
#include "issuance/issuer.h"
#include "renewal/budget.h"
#include "renewal/plan.h"
#include "role/role.h"

namespace install_cert::agent {

// Looks after the tokens in use (renew-self before they end); notes what it saw in the state.
using TokenCare = std::function<void(State& state, WallTime now, BootTime deadline)>;

struct TurnPorts {
    const Clock& clock;
    installation::GenerationStore& store;
    // Made on first need: a turn with nothing due opens no connection and loads no TLS.
    std::function<Result<issuance::Issuer*>()> issuer;
    // Ends what issuer() and care_for_tokens have begun, tokens and connections included; they may
    // be called again afterwards. May be empty.
    std::function<void()> leave_vault{};
    consumers::ServiceControl* services;  // nullptr: consumers are left alone (--root)
    TokenCare care_for_tokens;            // may be empty
    std::function<double()> random;       // uniform in [0, 1)
    // Writes the state down before Vault is asked, so that no crash of ours resets the budget. Not
    // synced: a power cut may (state.h).
    std::function<Result<>(const State&)> save;
    // Between the tries of one turn (settled_turn.h), and for an answer that is not valid yet,
    // which is not waited for where this is empty.
    std::function<void(WallTime)> sleep_until{};
};

struct TurnRequest {
    renewal::Wish wish = renewal::Wish::what_is_due;
    std::vector<const role::CertificateSpec*> certificates;  // the ones this turn is about
    renewal::Situation situation{};
    BootTime deadline{};  // of everything that asks Vault
    // No consumer is begun later, and none is waited for longer: what is not done stays owed.
    BootTime reloads_until = BootTime::max();
    // Whether a certificate in back-off is left alone until its time (the daemon), or tried (a
    // person).
    enum class Patience : std::uint8_t {
        keeps_backoff,
        tries_at_once
    } patience = Patience::tries_at_once;
};

enum class OutcomeKind : std::uint8_t {
    kept,             // good, nothing was due
    repaired,         // modes, owners or links were put right
    installed,        // a new set is published
    trust_published,  // the old leaf with the extended CA; the new leaf comes later
    postponed,        // due, but the budget or the spacing says when
    resting,          // due, but an earlier failure's back-off or Retry-After says when
    failed,
};

struct Outcome {
    const role::CertificateSpec* spec;
    OutcomeKind kind = OutcomeKind::kept;
    renewal::Cause cause = renewal::Cause::none;
    std::string why{};                   // the plan's sentence
    std::vector<std::string> remarks{};  // what the operator should know although it went well
    std::optional<Error> error{};  // of `failed` and `postponed`; of `resting` the earlier failure
    WallTime next{};               // when it is looked at again
    std::string serial{};          // of `installed`
    WallTime not_after{};          // of `installed`
    bool valid = false;            // what is installed now serves its consumers
    // What is installed ends then, in less than a tenth of its lifetime, and was not renewed.
    std::optional<WallTime> expiring{};
};

struct ReloadReport {
    std::string consumer{};
    std::vector<std::string> certificates{};
    consumers::ReloadOutcome outcome{};
};

// Renewing it does not help any more, and some certificate that needs it is due only when it has
// ended.
struct EndingToken {
    std::string source{};
    WallTime ends{};
};

struct TurnReport {
    std::vector<Outcome> certificates{};
    std::vector<ReloadReport> reloads{};
    std::vector<installation::Superseded> superseded{};  // to be removed after the grace
    std::vector<EndingToken> ending_tokens{};
    std::vector<std::string> remarks{};
    WallTime next_wake{};    // of everything that has a time
    bool all_valid = false;  // every set on disk serves its consumers now
};

[[nodiscard]] TurnReport run_turn(const role::Role& role,
                                  const TurnRequest& request,
                                  const TurnPorts& ports,
                                  State& state);

// Of the tokens that these certificates are asked for with.
[[nodiscard]] std::vector<EndingToken> ending_tokens(const std::vector<Outcome>& outcomes,
                                                     const State& state);

// When the next turn is due: the earliest of everything that has a time.
[[nodiscard]] WallTime next_wake(const role::Role& role,
                                 const TurnReport& report,
                                 const TurnPorts& ports,
                                 const State& state);

// What `once` exits with: 0, or the gravest failure.
[[nodiscard]] int exit_code(const TurnReport& report);

}  // namespace install_cert::agent
