// SPDX-License-Identifier: Apache-2.0
// Ways into a Vault, for tests.
#pragma once

#include <string>

#include "role/role.h"

namespace install_cert::testing {

inline role::VaultAccess access_to(const std::string& address) {
    role::VaultAccess access;
    access.address = address;
    return access;
}

inline role::Auth token_auth(const std::string& file) {
    role::Auth auth;
    auth.token_file = file;
    return auth;
}

// With everything that some login method asks for.
inline role::Auth login_auth(role::AuthMethod method) {
    role::Auth auth;
    auth.method = method;
    auth.role_id = "my-role";
    auth.secret_id_file = "/secret-id";
    auth.role = "node";
    auth.jwt_file = "/jwt";
    return auth;
}

}  // namespace install_cert::testing
