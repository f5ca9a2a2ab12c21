// SPDX-License-Identifier: Apache-2.0
// The `renewal` section: when certificates are renewed and CAs looked up.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "role/role.h"
#include "role/section.h"

namespace install_cert::role {

[[nodiscard]] RenewalPolicy read_renewal(const Section& renewal,
                                         std::vector<std::string>& warnings);

// Why a certificate of this ttl would be due at every look, or nullopt: "720h before expiry ...".
[[nodiscard]] std::optional<std::string> contradiction(const RenewalPolicy& policy,
                                                       std::chrono::seconds ttl);

}  // namespace install_cert::role
