// SPDX-License-Identifier: Apache-2.0
// The Issuer's face; issuing_batch does the work.
#include "vault/vault_issuer.h"

#include <utility>

#include "vault/issuing_batch.h"

namespace install_cert::vault {

void VaultIssuer::issue(std::vector<issuance::Order> orders,
                        BootTime deadline,
                        const issuance::Delivery& deliver) {
    IssuingBatch batch(
        {.client = client_, .clock = clock_, .deadline = deadline}, std::move(orders), deliver);
    batch.run();
}

Result<std::vector<x509::Certificate>> VaultIssuer::authorities(const std::string& mount,
                                                                BootTime deadline) {
    return client_.authorities(mount, deadline);
}

}  // namespace install_cert::vault
