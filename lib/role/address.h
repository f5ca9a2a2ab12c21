// SPDX-License-Identifier: Apache-2.0
// The address of Vault: scheme://host[:port] and nothing else.
#pragma once

#include <string>
#include <string_view>

#include "foundation/result.h"

namespace install_cert::role {

struct VaultAddress {
    std::string text;  // lower-case scheme, no trailing slash
    std::string host;  // without the brackets of an IPv6 address
    bool is_http = false;
    bool is_loopback = false;  // 127.0.0.0/8, ::1 or localhost
};

// Failure::config for anything else. The message never repeats user info, which may be a password.
[[nodiscard]] Result<VaultAddress> parse_address(std::string_view written);

}  // namespace install_cert::role
