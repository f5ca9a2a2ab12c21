// SPDX-License-Identifier: Apache-2.0
// Which CA certificates a host trusts while a CA is being replaced.
#pragma once

#include <chrono>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "foundation/clock.h"
#include "x509/certificate.h"

namespace install_cert::issuance {

struct TrustedAuthority {
    x509::Certificate certificate;
    WallTime last_seen;  // at the mount
};

// The trust file's content, first to last: what the mount presents now (last_seen = now; its dates
// are the mount's business), then what was installed before and was seen within `keep` (one ttl:
// other hosts still use its leaves) and has not expired. Certificates are told apart by
// fingerprint.
[[nodiscard]] std::vector<TrustedAuthority> merged_trust(
    std::span<const TrustedAuthority> installed,
    std::span<const x509::Certificate> presented,
    WallTime now,
    std::chrono::seconds keep);

// Which certificates these are, whatever their order in the file.
[[nodiscard]] std::set<std::string> fingerprints(std::span<const TrustedAuthority> trust);

// Whether some certificate of `trust` issued `leaf`, directly or through `intermediates`.
[[nodiscard]] bool is_trusted(const x509::Certificate& leaf,
                              std::span<const x509::Certificate> intermediates,
                              std::span<const TrustedAuthority> trust,
                              WallTime now);

}  // namespace install_cert::issuance
