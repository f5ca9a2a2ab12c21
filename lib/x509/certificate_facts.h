// SPDX-License-Identifier: Apache-2.0
// From OpenSSL's certificate to plain facts.
#pragma once

#include <string_view>

#include "foundation/result.h"
#include "x509/certificate.h"

namespace install_cert::x509 {

// `der` is what `certificate` was decoded from. Failure::rejected where a fact cannot be told for
// sure.
[[nodiscard]] Result<CertificateFacts> read_facts(X509& certificate, std::string_view der);

}  // namespace install_cert::x509
