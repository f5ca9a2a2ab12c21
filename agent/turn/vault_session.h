// SPDX-License-Identifier: Apache-2.0
// Everything that talks to Vault, made on first need: a turn with nothing due opens no connection.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "agent/configuration/secret_reader.h"
#include "foundation/clock.h"
#include "foundation/result.h"
#include "role/role.h"
#include "vault/client.h"
#include "vault/curl_transport.h"
#include "vault/vault_issuer.h"

namespace install_cert::agent {

class VaultSession {
  public:
    // `access` and `clock` outlive the session.
    VaultSession(const role::VaultAccess& access, SecretReader read_secret, const Clock& clock)
        : access_(access), read_secret_(std::move(read_secret)), clock_(clock) {}

    // Failure::io where the TLS or HTTP library cannot be started.
    [[nodiscard]] Result<vault::Client*> client();
    [[nodiscard]] Result<issuance::Issuer*> issuer();

    // Of the token file as it lies there now; asks nobody.
    [[nodiscard]] std::string token_version(const role::Auth& auth) const {
        return read_secret_.token_version(auth);
    }

    // Wipes tokens and connections; the next client() logs in anew.
    void close();

  private:
    const role::VaultAccess& access_;
    SecretReader read_secret_;
    const Clock& clock_;
    // In the order of their making: each works through the one before it.
    std::unique_ptr<vault::CurlTransport> transport_;
    std::unique_ptr<vault::Client> client_;
    std::unique_ptr<vault::VaultIssuer> issuer_;
};

}  // namespace install_cert::agent
