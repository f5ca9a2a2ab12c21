// SPDX-License-Identifier: Apache-2.0
// Keeps the tokens in use alive: looks at them, renews them in time, says early when one will end.
#pragma once

#include "agent/turn.h"
#include "agent/vault_session.h"
#include "role/role.h"

namespace install_cert::agent {

// Where a token comes from: its key in State::tokens. Not a secret.
[[nodiscard]] std::string token_source(const role::Auth& auth);

// When to look at a token again: half of what it has left, between a minute and a day; a token that
// never ends, once a day.
[[nodiscard]] WallTime next_token_care(const vault::TokenFacts& facts, WallTime now);

// Looks at each distinct token whose time has come, and renews one that is renewable. What fails is
// noted in the state and never fails the turn: the next request will say so by itself.
[[nodiscard]] TokenCare token_care(const role::Role& role, VaultSession& session);

}  // namespace install_cert::agent
