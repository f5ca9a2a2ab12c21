// SPDX-License-Identifier: Apache-2.0
#include "issuance/trust.h"

#include <algorithm>

#include "x509/chain.h"

namespace install_cert::issuance {
namespace {

bool holds(std::span<const TrustedAuthority> trust, const x509::Certificate& certificate) {
    return std::ranges::any_of(trust, [&certificate](const TrustedAuthority& one) {
        return one.certificate.facts().fingerprint == certificate.facts().fingerprint;
    });
}

}  // namespace

std::vector<TrustedAuthority> merged_trust(std::span<const TrustedAuthority> installed,
                                           std::span<const x509::Certificate> presented,
                                           WallTime now,
                                           std::chrono::seconds keep) {
    std::vector<TrustedAuthority> merged;
    for (const x509::Certificate& certificate : presented) {
        if (!holds(merged, certificate)) {
            merged.push_back({.certificate = certificate.clone(), .last_seen = now});
        }
    }
    for (const TrustedAuthority& old : installed) {
        const bool is_of_use =
            now - old.last_seen <= keep && old.certificate.facts().not_after > now;
        if (is_of_use && !holds(merged, old.certificate)) {
            merged.push_back({.certificate = old.certificate.clone(), .last_seen = old.last_seen});
        }
    }
    return merged;
}

std::set<std::string> fingerprints(std::span<const TrustedAuthority> trust) {
    std::set<std::string> result;
    for (const TrustedAuthority& authority : trust) {
        result.insert(authority.certificate.facts().fingerprint);
    }
    return result;
}

bool is_trusted(const x509::Certificate& leaf,
                std::span<const x509::Certificate> intermediates,
                std::span<const TrustedAuthority> trust,
                WallTime now) {
    std::vector<x509::Certificate> anchors;
    for (const TrustedAuthority& authority : trust) {
        anchors.push_back(authority.certificate.clone());
    }
    const x509::ChainQuestion question{
        .leaf = leaf, .intermediates = intermediates, .anchors = anchors, .at = now};
    return x509::verify_chain(question).has_value();
}

}  // namespace install_cert::issuance
