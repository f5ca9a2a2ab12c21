// SPDX-License-Identifier: Apache-2.0
// What an issuer answered, before anybody has looked at whether it may be installed.
#pragma once

#include <string>
#include <vector>

#include "foundation/secret.h"
#include "x509/certificate.h"
#include "x509/key.h"

namespace install_cert::issuance {

struct IssuedMaterial {
    x509::Certificate leaf;
    std::vector<x509::Certificate>
        authorities;  // the mount's own statement: ca_chain, else issuing_ca; in any order
    x509::PrivateKey key;
    Secret response;                    // the answer's JSON, as received
    std::vector<std::string> warnings;  // the server's, printable()
};

}  // namespace install_cert::issuance
