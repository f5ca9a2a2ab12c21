// SPDX-License-Identifier: Apache-2.0
// The `vault` section: where Vault is and how it is reached.
#pragma once

#include <string>
#include <vector>

#include "role/load.h"
#include "role/role.h"
#include "role/section.h"

namespace install_cert::role {

// `vault` was expanded and completed from the environment. What is allowed but dangerous goes to
// `warnings`.
[[nodiscard]] VaultAccess read_vault(const Section& vault,
                                     const HostLookup& host,
                                     std::vector<std::string>& warnings);

// The host part of `vault.address`, silently empty when that is missing or wrong: read_vault() will
// say so.
[[nodiscard]] std::string vault_host(const Node* address);

}  // namespace install_cert::role
