// SPDX-License-Identifier: Apache-2.0
// Whether Vault may be asked for a certificate now: back-off, Retry-After, and the budget of
// requests, which state keeps.
#pragma once

#include "agent/turn/candidate.h"
#include "agent/turn/turn_context.h"

namespace install_cert::agent {

// Where not, the candidate's outcome says why, and when it may.
[[nodiscard]] bool may_ask(Candidate& candidate, const TurnContext& turn);

// To be written down before Vault is asked.
void spend_request(const Candidate& candidate, const TurnContext& turn);

// The budget is of certificates that came to nothing. Where Vault gave none (away, sealed,
// throttling, a token that it refuses) or could not even be asked (no token, no CA file yet, a
// state that cannot be written), back-off and Retry-After hold alone: ten attempts last five
// minutes, and a longer outage must not end in an hour without any. Where only the answer is
// missing, a certificate may have been made: it stays counted.
void take_request_back(const Candidate& candidate, const TurnContext& turn);

}  // namespace install_cert::agent
