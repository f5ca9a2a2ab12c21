// SPDX-License-Identifier: Apache-2.0
// One entry of `certificates`.
#pragma once

#include <string_view>

#include "role/accounts.h"
#include "role/document.h"
#include "role/role.h"

namespace install_cert::role {

// What every certificate is read against.
struct Surroundings {
    const VaultAccess& vault;
    const RenewalPolicy& renewal;
    Accounts& accounts;
    Diagnostics& diagnostics;
};

[[nodiscard]] CertificateSpec read_certificate(const Entry& entry, const Surroundings& around);

// [a-z0-9][a-z0-9._-]{0,63}: it names a directory, a key of the state and a journal field.
[[nodiscard]] bool is_certificate_name(std::string_view name);

}  // namespace install_cert::role
