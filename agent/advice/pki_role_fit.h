// SPDX-License-Identifier: Apache-2.0
// Whether a PKI role will grant what a certificate asks: a function of both, after Vault's own
// rules (Vault API, "PKI secrets engine", create/update role).
#pragma once

#include <string>
#include <vector>

#include "role/role.h"
#include "vault/pki_messages.h"

namespace install_cert::agent {

// One sentence for each thing that the role would refuse or answer differently; empty when it fits.
[[nodiscard]] std::vector<std::string> misfits(const role::CertificateSpec& spec,
                                               const vault::PkiRole& pki_role);

}  // namespace install_cert::agent
