// SPDX-License-Identifier: Apache-2.0
// The digest of a request, in place of lib/role's, which would be a fifth of a turn: what alone
// differs between the requests of one simulated host.
#include "role/role.h"

namespace install_cert::role {

std::string request_digest(const CertificateSpec& spec) {
    return spec.name + (spec.usages ? "+" : "-");
}

}  // namespace install_cert::role
