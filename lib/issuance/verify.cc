// SPDX-License-Identifier: Apache-2.0
#include "issuance/verify.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "foundation/text.h"
#include "issuance/compare.h"
#include "x509/chain.h"

namespace install_cert::issuance {
namespace {

using namespace std::chrono_literals;

constexpr auto kToleratedSkew = 5s;  // two clocks that NTP keeps
constexpr auto kHeldSkew = 5min;     // a clock that is being set: worth waiting for
constexpr auto kLeastRemaining = 10s;
constexpr auto kShorterUnremarked = 60s;  // of the ttl; the way and rounding take some of it

struct Findings {
    std::vector<std::string> wrong;
    std::vector<std::string> remarks;
    std::optional<std::string> too_early;

    void add(const std::string& deviation) {
        if (!deviation.empty()) {
            wrong.push_back("the certificate " + deviation);
        }
    }
};

void check_key(const IssuedMaterial& material, const role::CertificateSpec& spec, Findings& found) {
    const x509::CertificateFacts& leaf = material.leaf.facts();
    if (material.key.public_key_digest() != leaf.public_key_digest) {
        found.wrong.emplace_back("the key does not belong to the certificate");
    }
    if (spec.method == role::Method::issue && spec.key && *spec.key != material.key.kind()) {
        found.remarks.push_back("the key is " + to_string(material.key.kind()) + ", not " +
                                to_string(*spec.key) + " as configured: the PKI role decides");
    }
}

void check_time(const x509::CertificateFacts& leaf,
                const VerificationContext& context,
                Findings& found) {
    const auto ahead = leaf.not_before - context.now;
    const auto remaining = leaf.not_after - context.now;
    if (ahead > kToleratedSkew) {
        const std::string text = "valid only from " + to_rfc3339(leaf.not_before) + ", " +
                                 to_human(ahead) + " ahead of this host's clock";
        if (ahead > kHeldSkew) {
            found.add("is " + text);
        } else {
            found.too_early = "the certificate is " + text;
        }
    }
    if (remaining <= 0s) {
        found.add("expired at " + to_rfc3339(leaf.not_after) + " by this host's clock");
    } else if (remaining < kLeastRemaining) {
        found.add("is valid for another " + to_human(remaining) + " only");
    }
    if (context.spec.ttl && remaining < *context.spec.ttl - kShorterUnremarked) {
        found.remarks.push_back("granted for " + to_human(remaining) + " instead of " +
                                to_human(*context.spec.ttl));
    }
}

void check_fitness(const x509::CertificateFacts& leaf, Findings& found) {
    if (leaf.is_ca) {
        found.add("is a CA");
    }
    if (!leaf.weakness.empty()) {
        found.add("must not be used: " + leaf.weakness);
    }
}

bool allows(const x509::CertificateFacts& leaf, x509::Usage usage) {
    return !leaf.has_usages || std::ranges::find(leaf.usages, usage) != leaf.usages.end();
}

// A CA on the way may be limited to fewer usages than the leaf. Each one that was asked for must
// hold, or one at least where nothing was; what the leaf itself lacks was reported as such.
void check_purposes(x509::ChainQuestion question,
                    const role::CertificateSpec& spec,
                    Findings& found) {
    const x509::CertificateFacts& leaf = question.leaf.facts();
    std::vector<std::string> refusals;
    std::size_t asked = 0;
    for (const x509::Usage usage :
         spec.usages.value_or(std::vector{x509::Usage::server, x509::Usage::client})) {
        if (!allows(leaf, usage) || !leaf.weakness.empty()) {
            continue;
        }
        ++asked;
        question.purpose = usage;
        if (const auto chain = x509::verify_chain(question); !chain) {
            refusals.push_back(std::string(usage == x509::Usage::server ? "server" : "client") +
                               ": " + chain.error().what);
        }
    }
    if (!refusals.empty() && (spec.usages || refusals.size() == asked)) {
        found.add("does not lead to the CA for use as " + join(refusals, ", as "));
    }
}

// As a consumer will: what is sent along leads to what is trusted. A leaf that is not valid yet, or
// no more, was reported as such; its chain is judged as of when it is.
void check_chain(const x509::Certificate& leaf,
                 std::span<const x509::Certificate> intermediates,
                 const VerificationContext& context,
                 Findings& found) {
    std::vector<x509::Certificate> anchors;
    for (const TrustedAuthority& authority : context.trust) {
        const x509::CertificateFacts& facts = authority.certificate.facts();
        if (!facts.is_ca) {
            found.wrong.push_back("'" + printable(facts.subject) +
                                  "' is given as a CA but is none");
            continue;
        }
        anchors.push_back(authority.certificate.clone());
    }
    const WallTime first = leaf.facts().not_before;
    const WallTime last = std::max(first, leaf.facts().not_after);
    x509::ChainQuestion question{.leaf = leaf,
                                 .intermediates = intermediates,
                                 .anchors = anchors,
                                 .at = std::clamp(context.now, first, last)};
    if (const auto chain = x509::verify_chain(question); !chain) {
        found.add("does not lead to the CA: " + chain.error().what);
        return;
    }
    check_purposes(question, context.spec, found);
}

Result<> judgement(const Findings& found, const role::CertificateSpec& spec) {
    const std::string task = "verifying '" + spec.name + "'";
    if (!found.wrong.empty()) {
        std::vector<std::string> wrong = found.wrong;
        if (found.too_early) {
            wrong.push_back(*found.too_early);
        }
        return fail(Failure::rejected,
                    task + ": " + join(wrong, "; "),
                    "compare the PKI role " + spec.mount + "/roles/" + spec.pki_role +
                        " with the configuration of '" + spec.name + "'");
    }
    if (found.too_early) {
        return fail(Failure::not_yet, task + ": " + *found.too_early, "set this host's clock");
    }
    return {};
}

}  // namespace

// The friend that makes a VerifiedSet.
struct Verifier {
    static VerifiedSet pass(IssuedMaterial material,
                            std::vector<x509::Certificate> intermediates,
                            std::vector<TrustedAuthority> trust,
                            std::vector<std::string> remarks) {
        return {
            std::move(material), std::move(intermediates), std::move(trust), std::move(remarks)};
    }
};

VerifiedSet::VerifiedSet(IssuedMaterial material,
                         std::vector<x509::Certificate> intermediates,
                         std::vector<TrustedAuthority> trust,
                         std::vector<std::string> remarks)
    : leaf_(std::move(material.leaf)),
      intermediates_(std::move(intermediates)),
      trust_(std::move(trust)),
      key_(std::move(material.key)),
      response_(std::move(material.response)),
      remarks_(std::move(remarks)) {}

std::optional<WallTime> worth_waiting_until(const x509::Certificate& leaf, WallTime now) {
    const auto ahead = leaf.facts().not_before - now;
    if (ahead <= kToleratedSkew || ahead > kHeldSkew) {
        return std::nullopt;
    }
    return leaf.facts().not_before - kToleratedSkew;
}

namespace {

// What a set has to be whatever was asked for.
Result<VerifiedSet> passed(IssuedMaterial material, VerificationContext context, Findings found) {
    const x509::CertificateFacts& leaf = material.leaf.facts();
    auto intermediates = x509::ordered_intermediates(material.leaf, material.authorities);
    check_fitness(leaf, found);
    check_time(leaf, context, found);
    check_chain(material.leaf, intermediates, context, found);
    if (const auto good = judgement(found, context.spec); !good) {
        return std::unexpected(good.error());
    }
    return Verifier::pass(std::move(material),
                          std::move(intermediates),
                          std::move(context.trust),
                          std::move(found.remarks));
}

}  // namespace

Result<VerifiedSet> verify(IssuedMaterial material, VerificationContext context) {
    const x509::CertificateFacts& leaf = material.leaf.facts();
    Findings found;
    check_key(material, context.spec, found);
    found.add(deviating_names(context.spec.names, leaf));
    found.add(deviating_organization(context.spec, leaf));
    found.add(deviating_usages(context.spec, leaf));
    return passed(std::move(material), std::move(context), std::move(found));
}

Result<VerifiedSet> verify_kept(IssuedMaterial material, VerificationContext context) {
    Findings found;
    check_key(material, context.spec, found);
    return passed(std::move(material), std::move(context), std::move(found));
}

}  // namespace install_cert::issuance
