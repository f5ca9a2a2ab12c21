// SPDX-License-Identifier: Apache-2.0
// Who is owed a reload: a pure comparison of what is installed with what each consumer has
// acknowledged.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "role/role.h"

namespace install_cert::consumers {

// What is published now, as far as consumers care.
struct Installed {
    const role::CertificateSpec* spec;
    std::string leaf;          // its fingerprint
    std::string trust_digest;  // over the CA file's certificates
};

// certificate -> consumer (acknowledgement_key) -> the leaf (or, for ca_change, the trust digest)
// that it was last reloaded for.
using Acknowledged = std::map<std::string, std::map<std::string, std::string>>;

struct Debt {
    role::Consumer consumer;
    std::vector<std::string> certificates;  // whose change it is owed for, in order
};

// "unit etcd.service", "command /usr/local/bin/after-renewal --all", followed by " on ca_change"
// where that is what it waits for: the same unit may be reloaded for a new leaf and restarted for a
// new CA, and the same program run with other arguments is another consumer.
[[nodiscard]] std::string acknowledgement_key(const role::Consumer& consumer);

// One debt for each distinct consumer, however many certificates it is owed for. Where a consumer
// is owed several actions, restart wins over reload-or-restart over reload, with the occasion that
// asked for it (a restart for a new CA has its slot), and the longest timeout holds. A consumer
// that never acknowledged anything of a certificate is owed (at-least-once).
[[nodiscard]] std::vector<Debt> debts(std::span<const Installed> installed,
                                      const Acknowledged& acknowledged);

// Notes that `debt` was paid for what is installed now. `installed` is what debts() was asked with:
// what is published in between must stay owed.
void acknowledge(Acknowledged& acknowledged,
                 const Debt& debt,
                 std::span<const Installed> installed);

}  // namespace install_cert::consumers
