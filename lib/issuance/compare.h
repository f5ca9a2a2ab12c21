// SPDX-License-Identifier: Apache-2.0
// What a certificate is for, against what its specification asked for.
#pragma once

#include <string>
#include <vector>

#include "role/role.h"
#include "x509/certificate.h"

namespace install_cert::issuance {

// Each names everything of its kind that deviates, as the end of a sentence that begins with "the
// certificate": "lacks IP 10.0.0.7 and has DNS evil.example that was not asked for". Empty when
// nothing does.

// Vault repeats the common name among the alternative names unless told otherwise: there it counts
// as asked for.
[[nodiscard]] std::string deviating_names(const x509::Names& asked,
                                          const x509::CertificateFacts& granted);

[[nodiscard]] std::string deviating_organization(const role::CertificateSpec& spec,
                                                 const x509::CertificateFacts& granted);

[[nodiscard]] std::string deviating_usages(const role::CertificateSpec& spec,
                                           const x509::CertificateFacts& granted);

}  // namespace install_cert::issuance
