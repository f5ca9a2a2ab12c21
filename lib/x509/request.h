// SPDX-License-Identifier: Apache-2.0
// Certificate signing requests (PKCS#10, RFC 2986).
#pragma once

#include <string>

#include "foundation/result.h"
#include "x509/key.h"
#include "x509/names.h"

namespace install_cert::x509 {

// A PEM request signed by `key`: CN in the subject (none when empty), all other names as subject
// alternative names. `names` must be normalized. SHA-256 for RSA and P-256, SHA-384 for P-384,
// SHA-512 for P-521, none for Ed25519.
[[nodiscard]] Result<std::string> make_request(const PrivateKey& key, const Names& names);

}  // namespace install_cert::x509
