// SPDX-License-Identifier: Apache-2.0
// What a certificate may be issued for: a common name and subject alternative names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foundation/result.h"

namespace install_cert::x509 {

// Kept in a normal form by normalized(): DNS names in lower case without a trailing dot, addresses
// as inet_ntop(3) writes them (an IPv4-mapped IPv6 address as the IPv4 one, which is what Vault
// puts into the certificate), each list sorted and without duplicates. Two Names that ask for the
// same are then equal.
struct Names {
    std::string common_name{};
    std::vector<std::string> dns{};
    std::vector<std::string> ip{};
    std::vector<std::string> uri{};
    std::vector<std::string> email{};

    bool operator==(const Names&) const = default;
};

// Failure::config, naming every value that is wrong, for: a DNS name that is none (RFC 1123 labels,
// one leading `*.` allowed, 253 bytes) or is an address, an address that does not parse, a URI
// without scheme, an e-mail without @, bytes outside printable ASCII, a common name over 64 bytes
// (RFC 5280, ub-common-name).
[[nodiscard]] Result<Names> normalized(Names names);

// The normal form of names that somebody else's certificate holds: nothing is refused.
[[nodiscard]] Names in_normal_form(Names names);

// Which uses an extended key usage allows (RFC 5280, 4.2.1.12).
enum class Usage : std::uint8_t { server, client };

}  // namespace install_cert::x509
