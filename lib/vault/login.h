// SPDX-License-Identifier: Apache-2.0
// How a host gets its token: from a file, or by one of Vault's login methods.
#pragma once

#include <functional>
#include <string>

#include "foundation/result.h"
#include "foundation/secret.h"
#include "role/role.h"
#include "vault/http_transport.h"
#include "vault/json.h"

namespace install_cert::vault {

// Reads a token, secret id or JWT afresh: permission checks and limits are the reader's. Given the
// whole Auth because a default token file has stand-ins (credential, environment).
using ReadSecret = std::function<Result<Secret>(const role::Auth& auth, const std::string& path)>;

// auth/MOUNT/login, as a policy names it. Not for AuthMethod::token.
[[nodiscard]] std::string login_path(const role::Auth& auth);

// The request that logs in; what it needs from files is read now.
[[nodiscard]] Result<HttpRequest> login_request(const role::Auth& auth,
                                                const ReadSecret& read_secret);

// The client token of the answer.
[[nodiscard]] Result<Secret> read_login(const Json& answer);

// Failure::denied unless the token may stand in an HTTP header as it is: printable ASCII, no space.
[[nodiscard]] Result<> check_token(const Secret& token);

}  // namespace install_cert::vault
