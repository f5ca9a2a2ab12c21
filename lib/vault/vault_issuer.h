// SPDX-License-Identifier: Apache-2.0
// The Issuer that asks Vault's PKI engine: makes keys while requests are in flight.
#pragma once

#include "issuance/issuer.h"
#include "vault/client.h"

namespace install_cert::vault {

class VaultIssuer final : public issuance::Issuer {
  public:
    VaultIssuer(Client& client, const Clock& clock) : client_(client), clock_(clock) {}

    // One request for each order, at most kInFlight of them at a time; a 403 is answered once more
    // where a fresh token was found. Once Vault is known to be away, sealed or throttling, orders
    // not sent yet share that failure: asking on would be a storm.
    void issue(std::vector<issuance::Order> orders,
               BootTime deadline,
               const issuance::Delivery& deliver) override;
    [[nodiscard]] Result<std::vector<x509::Certificate>> authorities(const std::string& mount,
                                                                     BootTime deadline) override;

  private:
    Client& client_;
    const Clock& clock_;
};

}  // namespace install_cert::vault
