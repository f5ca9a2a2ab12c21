// SPDX-License-Identifier: Apache-2.0
// One entry of `certificates`.
#pragma once

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

}  // namespace install_cert::role
