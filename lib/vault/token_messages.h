// SPDX-License-Identifier: Apache-2.0
// What Vault says of a token and of itself, as pure functions.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "foundation/clock.h"
#include "foundation/result.h"
#include "vault/http_transport.h"
#include "vault/json.h"

namespace install_cert::vault {

struct TokenFacts {
    std::vector<std::string> policies;
    std::chrono::seconds ttl{0};      // left; 0 with `never_expires`
    std::chrono::seconds period{0};   // 0: not periodic
    std::chrono::seconds granted{0};  // at its creation, and by each renewal that nothing caps
    std::optional<std::chrono::seconds>
        max_ttl_left;  // explicit_max_ttl counted from issue, where there is one
    bool renewable = false;
    bool never_expires = false;
    int uses_left = 0;  // 0: unlimited
};

struct Health {
    bool initialized = false;
    bool sealed = false;
    std::string version;
};

// auth/token/lookup-self, at `now`.
[[nodiscard]] Result<TokenFacts> read_lookup(const Json& answer, WallTime now);
// auth/token/renew-self: its answer knows ttl, renewable and policies alone.
[[nodiscard]] Result<TokenFacts> read_renewal(const Json& answer);

using Capabilities = std::map<std::string, std::vector<std::string>>;
[[nodiscard]] HttpRequest capabilities_request(std::span<const std::string> paths);
// A path that the answer leaves out has none.
[[nodiscard]] Result<Capabilities> read_capabilities(const Json& answer,
                                                     std::span<const std::string> paths);

// sys/health says what a node is by its status (429, 472 and 473 are standbys, 501 not
// initialised, 503 sealed), and again in its body.
[[nodiscard]] Result<Health> read_health(HttpResponse response);

}  // namespace install_cert::vault
