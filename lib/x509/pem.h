// SPDX-License-Identifier: Apache-2.0
// PEM (RFC 7468): strict about what lies around a block, canonical in what it writes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/result.h"
#include "foundation/secret.h"

namespace install_cert::x509::pem {

// Larger than any key or certificate we know (RSA 16384 is 13 KiB), small enough to be held often.
inline constexpr std::size_t kLongestBlock = std::size_t{64} * 1024;

struct Block {
    std::string label;  // "CERTIFICATE"
    Secret der;         // may be a private key
};

enum class Around : std::uint8_t { white_space, any_text };

// Every block, in order. Failure::rejected for one that is cut short, is not base64, is encrypted,
// or is over kLongestBlock, for a NUL byte anywhere, and for anything around the blocks that may
// not be there. CRLF line ends and blanks within base64 are fine.
[[nodiscard]] Result<std::vector<Block>> blocks(std::string_view pem, Around allowed);

// 64 columns, LF.
[[nodiscard]] Secret to_secret_pem(std::string_view label, std::string_view der);
[[nodiscard]] std::string to_pem(std::string_view label, std::string_view der);

}  // namespace install_cert::x509::pem
