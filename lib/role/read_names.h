// SPDX-License-Identifier: Apache-2.0
// What a certificate is issued for: its names, and what is expected of the answer.
#pragma once

#include <optional>
#include <vector>

#include "role/role.h"
#include "role/section.h"

namespace install_cert::role {

// `common_name`, `alt_names` (those with an @ are e-mail addresses, as Vault reads them), `ip_sans`
// and `uri_sans`, each checked where it is written.
[[nodiscard]] x509::Names read_names(const Section& certificate);

[[nodiscard]] std::optional<std::vector<x509::Usage>> read_usages(const Section& certificate);

}  // namespace install_cert::role
