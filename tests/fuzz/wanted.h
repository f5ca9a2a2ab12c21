// SPDX-License-Identifier: Apache-2.0
// The certificate that the seeds' material answers (seeds.py), and what verify() promises of it.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include "fuzz/promise.h"
#include "issuance/trust.h"
#include "issuance/verify.h"

namespace install_cert::fuzz {

inline constexpr WallTime kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 21};

inline role::CertificateSpec wanted() {
    role::CertificateSpec spec;
    spec.name = "web";
    spec.mount = "kluster/pki";
    spec.pki_role = "web";
    spec.names = {.common_name = "web.example", .dns = {"web.example"}, .ip = {"10.0.0.7"}};
    spec.ttl = std::chrono::hours{720};
    return spec;
}

// What may be installed is what was asked for, whatever the material was.
inline void promise_verified(issuance::IssuedMaterial material) {
    const role::CertificateSpec spec = wanted();
    auto trust = issuance::merged_trust({}, material.authorities, kNow, std::chrono::seconds{3600});
    const auto set = issuance::verify(std::move(material),
                                      {.spec = spec, .now = kNow, .trust = std::move(trust)});
    if (!set) {
        promise_error(set.error());
        return;
    }
    const x509::CertificateFacts& leaf = set->leaf().facts();
    promise(set->key().public_key_digest() == leaf.public_key_digest, "the key is the leaf's");
    promise(!leaf.is_ca, "the leaf is no CA");
    promise(leaf.names.dns == spec.names.dns && leaf.names.ip == spec.names.ip &&
                leaf.names.uri.empty() && leaf.names.email.empty(),
            "the leaf has the names asked for and no other");
    promise(leaf.not_before <= kNow + std::chrono::seconds{5} && leaf.not_after > kNow,
            "the leaf is valid");
    promise(leaf.weakness.empty(), "the leaf is not weak");
    promise(issuance::is_trusted(set->leaf(), set->intermediates(), set->trust(), kNow),
            "the chain leads to the trust");
}

}  // namespace install_cert::fuzz
