// SPDX-License-Identifier: Apache-2.0
// Keys as DER: PKCS#8 (RFC 5958), RSAPrivateKey (RFC 8017), ECPrivateKey (RFC 5915),
// SubjectPublicKeyInfo (RFC 5280).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foundation/result.h"
#include "foundation/secret.h"
#include "x509/key.h"
#include "x509/openssl_handles.h"

namespace install_cert::x509 {

struct DecodedKey {
    KeyHandle key;
    KeyKind kind;
};

// Each of these reads one DER element, all of it. Failure::rejected for one that is malformed, of a
// kind we do not know, or whose parts contradict each other: OpenSSL would take a public half that
// does not belong to the private one.
[[nodiscard]] Result<DecodedKey> read_pkcs8(std::string_view der);
[[nodiscard]] Result<DecodedKey> read_rsa_key(std::string_view der);
// `curve` is the object identifier (DER element) that was stated outside; empty when none was.
[[nodiscard]] Result<DecodedKey> read_ec_key(std::string_view der, std::string_view curve);

[[nodiscard]] Result<Secret> write_pkcs8(EVP_PKEY* key, KeyKind kind);
[[nodiscard]] Result<std::string> write_public_key(EVP_PKEY* key, KeyKind kind);

}  // namespace install_cert::x509
