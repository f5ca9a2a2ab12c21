// SPDX-License-Identifier: Apache-2.0
// Private keys as values: made on this host or parsed from PEM, written as PEM. All key work is
// here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

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
// "rsa 2048", "ec 256", "ed25519"
[[nodiscard]] std::string to_string(KeyKind kind);
// Whether Vault and we know this combination.
[[nodiscard]] bool is_supported(KeyKind kind);

class PrivateKey {
  public:
    // RSA 2048 takes 50 to 500 ms, the others under a millisecond. Failure::config for a kind that
    // is not supported.
    [[nodiscard]] static Result<PrivateKey> generate(KeyKind kind);

    // Exactly one unencrypted PEM key, PKCS#8 ("PRIVATE KEY") or traditional ("RSA PRIVATE KEY",
    // "EC PRIVATE KEY", which "EC PARAMETERS" may precede), at most 64 KiB, nothing but white space
    // around it. Failure::rejected otherwise, and for a key whose parts contradict each other.
    [[nodiscard]] static Result<PrivateKey> from_pem(std::string_view pem);

    [[nodiscard]] Result<Secret> to_pem() const;  // PKCS#8, LF line ends

    [[nodiscard]] KeyKind kind() const { return kind_; }

    // DER SubjectPublicKeyInfo.
    [[nodiscard]] const std::string& public_key() const { return public_key_; }

    // SHA-256 of public_key(), lower-case hex: equal for a key and its certificate.
    [[nodiscard]] std::string public_key_digest() const;

    // For the other files of this module.
    [[nodiscard]] EVP_PKEY* native() const { return key_.get(); }

  private:
    PrivateKey(KeyHandle key, KeyKind kind, std::string public_key)
        : key_(std::move(key)), kind_(kind), public_key_(std::move(public_key)) {}

    KeyHandle key_;
    KeyKind kind_;
    std::string public_key_;
};

}  // namespace install_cert::x509
