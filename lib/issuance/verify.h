// SPDX-License-Identifier: Apache-2.0
// The only way from what an issuer answered to what may be installed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "foundation/clock.h"
#include "foundation/result.h"
#include "foundation/secret.h"
#include "issuance/material.h"
#include "issuance/trust.h"
#include "role/role.h"

namespace install_cert::issuance {

// A CA, certificate and key that belong together and answer a CertificateSpec. Only verify() makes
// one.
class VerifiedSet {
  public:
    [[nodiscard]] const x509::Certificate& leaf() const { return leaf_; }

    [[nodiscard]] const std::vector<x509::Certificate>& intermediates() const {
        return intermediates_;
    }

    [[nodiscard]] const std::vector<TrustedAuthority>& trust() const { return trust_; }

    [[nodiscard]] const x509::PrivateKey& key() const { return key_; }

    [[nodiscard]] const Secret& response() const { return response_; }

    // Deviations that are accepted and reported: a shorter lifetime than asked, a key of another
    // kind with `method: issue`.
    [[nodiscard]] const std::vector<std::string>& remarks() const { return remarks_; }

  private:
    friend struct Verifier;
    VerifiedSet(IssuedMaterial material,
                std::vector<x509::Certificate> intermediates,
                std::vector<TrustedAuthority> trust,
                std::vector<std::string> remarks);
    x509::Certificate leaf_;
    std::vector<x509::Certificate> intermediates_;
    std::vector<TrustedAuthority> trust_;
    x509::PrivateKey key_;
    Secret response_;
    std::vector<std::string> remarks_;
};

struct VerificationContext {
    const role::CertificateSpec& spec;
    WallTime now;
    std::vector<TrustedAuthority> trust;  // the merged trust that will be installed beside the leaf
};

// For a leaf that another clock has dated ahead, by so little that it is worth waiting for: the
// moment from which verify() finds it valid. A new one would be dated ahead just the same.
[[nodiscard]] std::optional<WallTime> worth_waiting_until(const x509::Certificate& leaf,
                                                          WallTime now);

// Failure::rejected, naming each thing that is wrong, unless: the key matches the leaf; the chain
// leads to a certificate of the trust; every name asked for is there and none that was not;
// organization and usages are as the spec expects, where it does; the leaf is no CA, allows the
// uses its spec or else its own extension names, as do the CAs above it, and is not weak; it is
// valid at `now` (not_before is allowed to lie 5 s ahead: Failure::not_yet up to 5 min, naming the
// clock) and for 10 s at least.
[[nodiscard]] Result<VerifiedSet> verify(IssuedMaterial material, VerificationContext context);

// For a set that verify() passed when it was installed, and that is to be published again with
// another trust: that it is whole, fit and valid still. Names and the like answered the
// configuration of its day, and that it may answer another one by now is no reason to keep a new CA
// from this host.
[[nodiscard]] Result<VerifiedSet> verify_kept(IssuedMaterial material, VerificationContext context);

}  // namespace install_cert::issuance
