// SPDX-License-Identifier: Apache-2.0
// What a certificate is issued for: its subject and its subject alternative names.
#pragma once

#include <string>
#include <vector>

#include "foundation/result.h"
#include "x509/names.h"
#include "x509/openssl_handles.h"

namespace install_cert::x509 {

struct HeldNames {
    Names names;  // in normal form
    std::vector<std::string> other_names;
    std::vector<std::string> organization;
};

// Failure::rejected for text that different programs would read differently (RFC 5280 allows no
// NUL; some end at it, some do not).
[[nodiscard]] Result<HeldNames> read_names(const X509& certificate);

}  // namespace install_cert::x509
