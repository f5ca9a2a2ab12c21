// SPDX-License-Identifier: Apache-2.0
// Where a token or the like is read from, afresh at each attempt, since it may come late or be
// replaced.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "agent/configuration/places.h"
#include "foundation/secret.h"
#include "role/role.h"
#include "vault/client.h"

namespace install_cert::agent {

// A token file; where it is absent the systemd credential `vault-token`; where no token file was
// configured either, the token that the environment brought (empty: none). A vault::ReadSecret.
class SecretReader {
  public:
    SecretReader(Places places, std::shared_ptr<const Secret> environment_token)
        : places_(std::move(places)), environment_token_(std::move(environment_token)) {}

    [[nodiscard]] Result<Secret> operator()(const role::Auth& auth, const std::string& path) const;

    // Of the file that holds the token of `auth` now (host::file_version()).
    [[nodiscard]] std::string token_version(const role::Auth& auth) const;

  private:
    Places places_;
    std::shared_ptr<const Secret> environment_token_;
};

[[nodiscard]] inline SecretReader secret_reader(const Places& places,
                                                std::shared_ptr<const Secret> environment_token) {
    return {places, std::move(environment_token)};
}

}  // namespace install_cert::agent
