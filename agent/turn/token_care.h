// SPDX-License-Identifier: Apache-2.0
// Keeps the tokens in use alive: looks at them, renews them in time, says early when one will end.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/turn/turn.h"
#include "agent/turn/vault_session.h"
#include "role/role.h"

namespace install_cert::agent {

// Where a token comes from: its key in State::tokens. Not a secret.
[[nodiscard]] std::string token_source(const role::Auth& auth);

// The distinct tokens that outlive a turn. A login's token ends with the worker, there is nothing
// to keep.
[[nodiscard]] std::vector<role::Auth> lasting_tokens(const role::Role& role);

// When to look at a token again: half of what it has left, between a minute and a day; a token that
// never ends, once a day.
[[nodiscard]] WallTime next_token_care(const vault::TokenFacts& facts, WallTime now);

// Whether its time has come. One that is further away than next_token_care() ever puts it was set
// by a clock that has been set back since.
[[nodiscard]] bool token_care_is_due(const TokenState& known, WallTime now);

// What is known of a token after a look at it, and after the renewal that followed where it could
// be renewed. Vault goes on calling a token renewable when a renewal does not lengthen its life any
// more: that shows in what it grants.
[[nodiscard]] TokenState token_state(const vault::TokenFacts& looked_up,
                                     const std::optional<vault::TokenFacts>& renewed,
                                     WallTime now);

// Looks at each distinct token whose time has come, and renews one that is renewable. What fails is
// noted in the state and never fails the turn: the next request will say so by itself. A token that
// is new, or lies in a file that was replaced, is looked at one to three minutes later: in the
// daemon by the next turn, so that a turn of `once` asks exactly one request for each certificate.
// `random` is uniform in [0, 1): it spreads the looks of a fleet whose hosts started, or got their
// tokens, together.
[[nodiscard]] TokenCare token_care(const role::Role& role,
                                   VaultSession& session,
                                   std::function<double()> random);

}  // namespace install_cert::agent
