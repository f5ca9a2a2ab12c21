// SPDX-License-Identifier: Apache-2.0
// How to log in: `vault.auth`, and what a certificate says instead.
#pragma once

#include "role/role.h"
#include "role/section.h"

namespace install_cert::role {

// Token login with the default token file.
[[nodiscard]] Auth default_auth();

// `section` laid over `vault.auth`. A section that names another method inherits nothing. A key
// that the method does not use, and one that it cannot do without, is an error here.
[[nodiscard]] Auth read_auth(const Section& section, const VaultAccess& vault);

}  // namespace install_cert::role
