// SPDX-License-Identifier: Apache-2.0
// Where Vault is and how to connect to it, told to libcurl.
#pragma once

#include <string>
#include <string_view>

#include "foundation/result.h"
#include "foundation/secret.h"
#include "role/role.h"
#include "vault/curl_handles.h"

namespace install_cert::vault {

class Endpoint {
  public:
    // Failure::config for an address that is none. `access` outlives the endpoint.
    [[nodiscard]] static Result<Endpoint> from(const role::VaultAccess& access);

    // Everything that is the same for all requests; set once on each handle.
    [[nodiscard]] Result<> configure(CURL* easy) const;
    // The header fields of a request with `token`, or without one.
    [[nodiscard]] Result<HeaderList> headers(const Secret* token) const;

    [[nodiscard]] std::string url(std::string_view path) const { return base_ + std::string(path); }

    [[nodiscard]] const role::VaultAccess& access() const { return *access_; }

  private:
    explicit Endpoint(const role::VaultAccess& access) : access_(&access) {}

    [[nodiscard]] CURLcode configure_tls(CURL* easy) const;

    const role::VaultAccess* access_;
    std::string base_;  // scheme://name:port that the URLs begin with
    std::string scheme_;
    std::string host_;       // Host field, where it differs from the name in the URL
    HeaderList connect_to_;  // where the name in the URL really is
};

}  // namespace install_cert::vault
