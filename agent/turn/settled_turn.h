// SPDX-License-Identifier: Apache-2.0
// A turn, repeated for what another try within its deadline can bring.
#pragma once

#include "agent/record/state.h"
#include "agent/turn/turn.h"
#include "role/role.h"

namespace install_cert::agent {

// run_turn(), and again for the certificates that only had to keep their distance from an earlier
// request, or which the server itself asked to have later, as long as that is before the deadline.
// What the later try brought replaces what the earlier one left open. The state is saved in the
// end; where it cannot be, the next turn comes a minute later at the earliest.
[[nodiscard]] TurnReport run_until_settled(const role::Role& role,
                                           TurnRequest request,
                                           const TurnPorts& ports,
                                           State& state);

}  // namespace install_cert::agent
