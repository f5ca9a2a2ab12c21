// SPDX-License-Identifier: Apache-2.0
// Private keys as values: made on this host or parsed from PEM, written as PEM. All key work is
// here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "foundation/result.h"
#include "foundation/secret.h"
#include "x509/openssl_handles.h"

namespace install_cert::x509 {

enum class KeyType : std::uint8_t { rsa, ec, ed25519 };

[[nodiscard]] std::string_view to_string(KeyType type);

// Vault's numbers: rsa 2048/3072/4096, ec 256/384/521 (P-256, P-384, P-521), ed25519 has none (0).
struct KeyKind {
    KeyType type = KeyType::ec;
    unsigned bits = 256;

    bool operator==(const KeyKind&) const = default;
};

// The default for a type whose `key_bits` is left out: rsa 2048, ec 256, ed25519 0.
[[nodiscard]] unsigned default_bits(KeyType type);
// Whether Vault and we know this combination.
[[nodiscard]] bool is_supported(KeyKind kind);

class PrivateKey {
  public:
    // RSA 2048 takes 50 to 500 ms, the others under a millisecond.
    [[nodiscard]] static Result<PrivateKey> generate(KeyKind kind);

    // Exactly one unencrypted PEM key, PKCS#8 ("PRIVATE KEY") or traditional ("RSA PRIVATE KEY",
    // "EC PRIVATE KEY"), at most 64 KiB, nothing but white space around it. Failure::rejected
    // otherwise.
    [[nodiscard]] static Result<PrivateKey> from_pem(std::string_view pem);

    [[nodiscard]] Result<Secret> to_pem() const;  // PKCS#8, LF line ends

    [[nodiscard]] KeyKind kind() const;
    // SHA-256 of the DER SubjectPublicKeyInfo, lower-case hex: equal for a key and its certificate.
    [[nodiscard]] std::string public_key_digest() const;

    // For the other files of this module.
    [[nodiscard]] EVP_PKEY* native() const { return key_.get(); }

  private:
    explicit PrivateKey(KeyHandle key) : key_(std::move(key)) {}

    KeyHandle key_;
};

}  // namespace install_cert::x509
