// SPDX-License-Identifier: Apache-2.0
// What this configuration needs at Vault, as text an administrator reads and runs: a function of
// the role.
#pragma once

#include <string>
#include <vector>

#include "role/role.h"

namespace install_cert::agent {

// The least-privilege policy, and the commands that create it, the PKI roles and the tokens. A PKI
// role that is there is not replaced: other hosts may live by it. `hostname` tells which names are
// this host's alone.
[[nodiscard]] std::string policy_script(const role::Role& role, const std::string& hostname);

}  // namespace install_cert::agent
