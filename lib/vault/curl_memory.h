// SPDX-License-Identifier: Apache-2.0
// libcurl's start, with memory that is wiped when it is freed: its buffers hold our token, and
// Vault's answers with keys in them.
#pragma once

#include "foundation/result.h"

namespace install_cert::vault {

// Once for the process, at the first call.
[[nodiscard]] Result<> start_curl();

}  // namespace install_cert::vault
