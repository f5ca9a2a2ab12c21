// SPDX-License-Identifier: Apache-2.0
// The port to whoever issues certificates.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "foundation/clock.h"
#include "foundation/result.h"
#include "foundation/secret.h"
#include "issuance/material.h"
#include "role/role.h"

namespace install_cert::issuance {

struct Order {
    const role::CertificateSpec* spec;  // outlives the call
    // `rekey: never`: the installed key, used again. Otherwise a sign order gets a new one.
    std::optional<x509::PrivateKey> key;
};

// Called once for each order, in the order of completion, between the requests of the others: keep
// it short. `index` is the order's place in the vector.
using Delivery = std::function<void(std::size_t index, Result<IssuedMaterial> material)>;

class Issuer {
  public:
    virtual ~Issuer() = default;

    // Exactly one request for each order. Returns when every order was delivered, or at `deadline`
    // (time since boot): what has no answer by then is delivered as Failure::not_yet.
    virtual void issue(std::vector<Order> orders, BootTime deadline, const Delivery& deliver) = 0;

    // The mount's present CA certificates (unauthenticated), default issuer first.
    [[nodiscard]] virtual Result<std::vector<x509::Certificate>> authorities(
        const std::string& mount, BootTime deadline) = 0;
};

}  // namespace install_cert::issuance
