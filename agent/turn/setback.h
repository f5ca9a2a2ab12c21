// SPDX-License-Identifier: Apache-2.0
// A set that came to nothing: what the report says, and the back-off that the state remembers.
#pragma once

#include "agent/turn/candidate.h"
#include "agent/turn/turn_context.h"

namespace install_cert::agent {

void set_back(Candidate& candidate, Error error, const TurnContext& turn);

}  // namespace install_cert::agent
