// SPDX-License-Identifier: Apache-2.0
// What every step of a turn works with.
#pragma once

#include "agent/record/state.h"
#include "agent/turn/turn.h"

namespace install_cert::agent {

struct TurnContext {
    const role::Role& role;
    const TurnRequest& request;
    const TurnPorts& ports;
    State& state;

    [[nodiscard]] WallTime now() const { return ports.clock.now(); }
};

}  // namespace install_cert::agent
