// SPDX-License-Identifier: Apache-2.0
// The `consumers` of a certificate: who is told of a change, and how.
#pragma once

#include <vector>

#include "role/role.h"
#include "role/section.h"

namespace install_cert::role {

[[nodiscard]] std::vector<Consumer> read_consumers(const Section& certificate);

}  // namespace install_cert::role
