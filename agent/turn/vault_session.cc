// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/vault_session.h"

namespace install_cert::agent {

Result<vault::Client*> VaultSession::client() {
    if (!client_) {
        auto transport = vault::CurlTransport::create(access_, clock_);
        if (!transport) {
            return std::unexpected(std::move(transport.error()));
        }
        transport_ = std::move(*transport);
        client_ = std::make_unique<vault::Client>(*transport_, access_, read_secret_, clock_);
        issuer_ = std::make_unique<vault::VaultIssuer>(*client_, clock_);
    }
    return client_.get();
}

Result<issuance::Issuer*> VaultSession::issuer() {
    const auto opened = client();
    if (!opened) {
        return std::unexpected(opened.error());
    }
    return issuer_.get();
}

void VaultSession::close() {
    issuer_.reset();
    client_.reset();
    transport_.reset();
}

}  // namespace install_cert::agent
