// SPDX-License-Identifier: Apache-2.0
// Does a leaf lead to a trust anchor?
#pragma once

#include <optional>
#include <span>

#include "foundation/clock.h"
#include "foundation/result.h"
#include "x509/certificate.h"

namespace install_cert::x509 {

struct ChainQuestion {
    const Certificate& leaf;
    std::span<const Certificate> intermediates;  // in any order, duplicates and strangers allowed
    std::span<const Certificate>
        anchors;  // each one is trusted as it stands (X509_V_FLAG_PARTIAL_CHAIN)
    WallTime at;
    // What every certificate on the way must allow where it limits what it is for (its extended key
    // usages, and of the leaf the key usage); nullopt: not asked.
    std::optional<Usage> purpose{};
};

// Failure::rejected, with OpenSSL's words and the subject of the certificate at fault. At most 8
// links.
[[nodiscard]] Result<> verify_chain(const ChainQuestion& question);

// The intermediates of `pool` that lead from `leaf` towards its root, in order (RFC 5246, 7.4.2:
// each certifies the one before it), without the self-signed one and without duplicates.
[[nodiscard]] std::vector<Certificate> ordered_intermediates(const Certificate& leaf,
                                                             std::span<const Certificate> pool);

}  // namespace install_cert::x509
