// SPDX-License-Identifier: Apache-2.0
// Vault's API as far as the agent needs it, typed: logins, token self-service, PKI. (Vault API
// docs: /auth/token, /sys/capabilities-self, /sys/health, /secret/pki.)
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/clock.h"
#include "foundation/result.h"
#include "foundation/secret.h"
#include "role/role.h"
#include "vault/http_transport.h"
#include "vault/json.h"
#include "vault/login.h"
#include "vault/pki_messages.h"
#include "vault/token_messages.h"
#include "x509/certificate.h"

namespace install_cert::vault {

// A logged-in view of one Vault. Logs in on first need, once for each distinct Auth, and once more
// when a token that came from a file is refused and the file has changed since. Waits for one
// answer at a time; the many requests of a turn go through VaultIssuer on the same transport.
class Client {
  public:
    Client(HttpTransport& transport,
           const role::VaultAccess& access,
           ReadSecret read_secret,
           const Clock& clock);

    // The token for `auth`; owned by the client, wiped with it. A failure is remembered: a login
    // that was refused is not tried once for each certificate.
    [[nodiscard]] Result<const Secret*> token(const role::Auth& auth, BootTime deadline);
    // Reads or logs in again, once for each Auth, if that can help after a 403: true when the token
    // is another one than at first.
    [[nodiscard]] bool refresh_token(const role::Auth& auth, BootTime deadline);
    // Whether token() hands out the one that refresh_token() found.
    [[nodiscard]] bool is_refreshed(const role::Auth& auth) const;
    // The failure behind a 403 on `path`: asks about the token itself, so as to tell a dead token
    // from a policy that lacks a line; the way out is that line.
    [[nodiscard]] Error explain_denial(const role::Auth& auth,
                                       std::string_view path,
                                       Error refusal,
                                       BootTime deadline);

    [[nodiscard]] Result<Health> health(BootTime deadline);
    [[nodiscard]] Result<TokenFacts> lookup_self(const role::Auth& auth, BootTime deadline);
    // Knows ttl, renewable and policies alone: lookup_self() has the rest.
    [[nodiscard]] Result<TokenFacts> renew_self(const role::Auth& auth, BootTime deadline);
    // Path -> capabilities ("update", "deny", "root", ...); none for a path that Vault left out.
    [[nodiscard]] Result<Capabilities> capabilities(const role::Auth& auth,
                                                    std::span<const std::string> paths,
                                                    BootTime deadline);
    // Failure::denied where the token may not read roles, which a least-privilege token may not.
    [[nodiscard]] Result<PkiRole> pki_role(const role::Auth& auth,
                                           const std::string& mount,
                                           const std::string& role,
                                           BootTime deadline);
    // Failure::rejected for a mount without a CA.
    [[nodiscard]] Result<std::vector<x509::Certificate>> authorities(const std::string& mount,
                                                                     BootTime deadline);
    [[nodiscard]] Result<> revoke(const role::Auth& auth,
                                  const std::string& mount,
                                  const std::string& serial,
                                  BootTime deadline);

    [[nodiscard]] HttpTransport& transport() { return transport_; }

  private:
    struct Session {
        role::Auth auth;
        Secret token{};
        std::optional<Error> failure{};
        std::optional<Result<TokenFacts>> looked_up{};
        bool refresh_tried = false;
        bool refreshed = false;
    };

    [[nodiscard]] Session& session(const role::Auth& auth, BootTime deadline);
    [[nodiscard]] Result<Secret> obtain_token(const role::Auth& auth, BootTime deadline);
    // Sends and waits.
    [[nodiscard]] Result<HttpResponse> exchange(HttpRequest request, BootTime deadline);
    // With the token of `auth`; a 403 is explained, after one try with a fresh token.
    [[nodiscard]] Result<HttpResponse> authorized(const role::Auth& auth,
                                                  std::string_view path,
                                                  HttpRequest request,
                                                  BootTime deadline);
    [[nodiscard]] Result<Json> call(const role::Auth& auth,
                                    std::string_view path,
                                    HttpRequest request,
                                    BootTime deadline);
    // lookup-self as it stands, for explain_denial().
    [[nodiscard]] Result<TokenFacts> look_up(const Secret& token, BootTime deadline);

    HttpTransport& transport_;
    const role::VaultAccess& access_;
    ReadSecret read_secret_;
    const Clock& clock_;
    std::deque<Session> sessions_;  // stable addresses: tokens are handed out by pointer
};

}  // namespace install_cert::vault
