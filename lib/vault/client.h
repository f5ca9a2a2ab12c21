// SPDX-License-Identifier: Apache-2.0
// Vault's API as far as the agent needs it, typed: logins, token self-service, PKI. (Vault API
// docs: /auth/token, /sys/capabilities-self, /sys/health, /secret/pki.)
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "foundation/clock.h"
#include "foundation/result.h"
#include "foundation/secret.h"
#include "role/role.h"
#include "vault/http_transport.h"
#include "x509/certificate.h"

namespace install_cert::vault {

// Reads a token, secret id or JWT afresh: permission checks and limits are the reader's. Given the
// whole Auth because a default token file has stand-ins (credential, environment).
using ReadSecret = std::function<Result<Secret>(const role::Auth& auth, const std::string& path)>;

struct TokenFacts {
    std::string accessor;  // names the token in logs; not a secret
    std::string display_name;
    std::vector<std::string> policies;
    std::chrono::seconds ttl{0};     // left; 0 with `never_expires`
    std::chrono::seconds period{0};  // 0: not periodic
    std::optional<std::chrono::seconds>
        max_ttl_left;  // explicit_max_ttl counted from issue, where there is one
    bool renewable = false;
    bool never_expires = false;
    int uses_left = 0;  // 0: unlimited
};

struct Health {
    bool initialized = false;
    bool sealed = false;
    bool standby = false;
    std::string version;
};

// What a PKI role grants, as far as a request can be judged by it beforehand.
struct PkiRole {
    std::vector<std::string> allowed_domains;
    std::vector<std::string> organization;
    std::string key_type;
    unsigned key_bits = 0;
    std::chrono::seconds ttl{0};
    std::chrono::seconds max_ttl{0};
    bool allow_any_name = false;
    bool allow_bare_domains = false;
    bool allow_subdomains = false;
    bool allow_glob_domains = false;
    bool allow_wildcard_certificates = true;
    bool allow_localhost = true;
    bool allow_ip_sans = true;
    bool enforce_hostnames = true;
    bool server_flag = true;
    bool client_flag = true;
    std::vector<std::string> allowed_uri_sans;
};

// A logged-in view of one Vault. Logs in on first need, once for each distinct Auth, and once more
// when a token that came from a file is refused and the file has changed since. Waits for one
// answer at a time; the many requests of a turn go through VaultIssuer on the same transport.
class Client {
  public:
    Client(HttpTransport& transport,
           const role::VaultAccess& access,
           ReadSecret read_secret,
           const Clock& clock);

    // The token for `auth`; owned by the client, wiped with it.
    [[nodiscard]] Result<const Secret*> token(const role::Auth& auth, BootTime deadline);
    // Reads or logs in again if that can help after a 403: true when the token is another one now.
    [[nodiscard]] bool refresh_token(const role::Auth& auth, BootTime deadline);

    [[nodiscard]] Result<Health> health(BootTime deadline);
    [[nodiscard]] Result<TokenFacts> lookup_self(const role::Auth& auth, BootTime deadline);
    [[nodiscard]] Result<TokenFacts> renew_self(const role::Auth& auth, BootTime deadline);
    // Path -> capabilities ("update", "deny", "root", ...).
    [[nodiscard]] Result<std::map<std::string, std::vector<std::string>>> capabilities(
        const role::Auth& auth, std::span<const std::string> paths, BootTime deadline);
    // Failure::denied where the token may not read roles, which a least-privilege token may not.
    [[nodiscard]] Result<PkiRole> pki_role(const role::Auth& auth,
                                           const std::string& mount,
                                           const std::string& role,
                                           BootTime deadline);
    [[nodiscard]] Result<std::vector<x509::Certificate>> authorities(const std::string& mount,
                                                                     BootTime deadline);
    [[nodiscard]] Result<> revoke(const role::Auth& auth,
                                  const std::string& mount,
                                  const std::string& serial,
                                  BootTime deadline);

    [[nodiscard]] HttpTransport& transport() { return transport_; }

  private:
    HttpTransport& transport_;
    const role::VaultAccess& access_;
    ReadSecret read_secret_;
    const Clock& clock_;
};

}  // namespace install_cert::vault
