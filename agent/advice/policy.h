// SPDX-License-Identifier: Apache-2.0
// What this configuration needs at Vault, as text an administrator reads and runs: a function of
// the role.
#pragma once

#include <string>
#include <vector>

#include "role/role.h"

namespace install_cert::agent {

// The least-privilege policy, and the commands that create it, the PKI roles and the tokens.
[[nodiscard]] std::string policy_script(const role::Role& role);

}  // namespace install_cert::agent
