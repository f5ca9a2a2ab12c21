// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/candidate.h"

#include <utility>

namespace install_cert::agent {
namespace {

renewal::InstalledFacts facts_of(const installation::InstalledSet& installed) {
    const x509::CertificateFacts& leaf = installed.leaf.facts();
    return {.damage = installed.damage,
            .request_digest = installed.provenance.request_digest,
            .boot_id = installed.provenance.boot_id,
            .received = installed.provenance.received,
            .not_before = leaf.not_before,
            .not_after = leaf.not_after,
            .drifted = !installed.drift.empty()};
}

Candidate surveyed(const role::CertificateSpec& spec, installation::GenerationStore& store) {
    Candidate candidate{.spec = &spec, .outcome = {.spec = &spec}};
    auto installed = store.read(spec);
    if (!installed) {
        candidate.outcome.kind = OutcomeKind::failed;
        candidate.outcome.error = installed.error();
        return candidate;
    }
    candidate.installed = std::move(*installed);
    return candidate;
}

}  // namespace

renewal::Lifetime lifetime_of(const installation::InstalledSet& installed) {
    return {.received = installed.provenance.received,
            .not_after = installed.leaf.facts().not_after};
}

std::chrono::seconds trust_kept_for(const role::CertificateSpec& spec,
                                    const installation::InstalledSet& installed) {
    const renewal::Lifetime lifetime = lifetime_of(installed);
    return spec.ttl.value_or(lifetime.not_after - lifetime.received);
}

std::vector<Candidate> survey(const role::Role& role,
                              const TurnRequest& request,
                              installation::GenerationStore& store,
                              const State& state) {
    std::vector<Candidate> candidates;
    candidates.reserve(request.certificates.size());
    for (const role::CertificateSpec* const spec : request.certificates) {
        Candidate candidate = surveyed(*spec, store);
        renewal::Subject subject{.spec = spec};
        if (candidate.installed) {
            subject.installed = facts_of(*candidate.installed);
        }
        if (const auto known = state.certificates.find(spec->name);
            known != state.certificates.end()) {
            subject.leaf_postponed_until = known->second.leaf_postponed_until;
        }
        candidate.decision =
            renewal::decide(role.renewal, subject, request.situation, request.wish);
        candidate.outcome.cause = candidate.decision.cause;
        candidate.outcome.why = candidate.decision.why;
        candidate.outcome.next = candidate.decision.next_renewal;
        candidates.push_back(std::move(candidate));
    }
    return candidates;
}

}  // namespace install_cert::agent
