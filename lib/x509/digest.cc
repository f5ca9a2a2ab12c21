// SPDX-License-Identifier: Apache-2.0
// SHA-256 by one digest that is fetched once: EVP_sha256() would be looked up again at every call.
#include "x509/digest.h"

#include <array>
#include <span>

#include <openssl/evp.h>

#include "foundation/out_of_memory.h"
#include "x509/openssl_handles.h"

namespace install_cert::x509 {

std::string to_hex(std::span<const unsigned char> bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string hex;
    hex.reserve(bytes.size() * 2);
    for (const unsigned char byte : bytes) {
        hex += kDigits[byte >> 4U];
        hex += kDigits[byte & 0x0FU];
    }
    return hex;
}

std::string sha256_hex(std::string_view bytes) {
    static const DigestHandle sha256{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
    std::array<unsigned char, 32> digest{};
    // Fails only without memory or without a provider that has SHA-256: nothing here works then.
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, sha256.get(), nullptr) !=
        1) {
        out_of_memory();
    }
    return to_hex(digest);
}

}  // namespace install_cert::x509
