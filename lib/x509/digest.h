// SPDX-License-Identifier: Apache-2.0
// SHA-256, for names and comparisons.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace install_cert::x509 {

[[nodiscard]] std::string to_hex(std::span<const unsigned char> bytes);  // lower-case
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace install_cert::x509
