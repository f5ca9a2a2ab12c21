// SPDX-License-Identifier: Apache-2.0
// A turn in this process, with the real disk, Vault and systemd: what `once`, `renew` and the
// daemon's worker share.
#pragma once

#include "agent/configuration/workplace.h"
#include "agent/options.h"
#include "agent/turn/turn.h"
#include "foundation/secret.h"

namespace install_cert::agent {

struct LocalTurn {
    renewal::Wish wish = renewal::Wish::what_is_due;
    TurnRequest::Patience patience = TurnRequest::Patience::tries_at_once;
    Secret environment_token;  // empty: none
    BootTime deadline{};       // see TurnRequest
    BootTime reloads_until = BootTime::max();
};

// Takes the lock, runs the turn, saves the state, leaves superseded generations to a child. An
// exempt request that must keep its distance to the one before, and one that the server asked to
// have later (Retry-After), are waited for within the time-out.
[[nodiscard]] Result<TurnReport> run_local_turn(Workplace& workplace,
                                                const Options& options,
                                                LocalTurn turn);

}  // namespace install_cert::agent
