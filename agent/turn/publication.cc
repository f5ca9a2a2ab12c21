// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/publication.h"

#include <algorithm>
#include <utility>

#include "agent/turn/setback.h"
#include "consumers/debts.h"

namespace install_cert::agent {
Result<> Publication::stage(Candidate& candidate,
                            const issuance::VerifiedSet& verified,
                            const installation::Provenance& provenance) {
    auto staged = turn_.ports.store.stage(*candidate.spec, verified, provenance);
    if (!staged) {
        return std::unexpected(staged.error());
    }
    prepared_.push_back(
        {.candidate = &candidate, .kind = OutcomeKind::installed, .staged = std::move(*staged)});
    return {};
}

Result<> Publication::stage_kept(Candidate& candidate,
                                 std::vector<issuance::TrustedAuthority> trust,
                                 std::optional<WallTime> leaf_at) {
    const installation::InstalledSet& installed = *candidate.installed;
    auto key = turn_.ports.store.read_key(*candidate.spec, installed);
    if (!key) {
        return std::unexpected(key.error());
    }
    auto response = turn_.ports.store.read_response(*candidate.spec, installed);
    if (!response) {
        return std::unexpected(response.error());
    }
    issuance::IssuedMaterial material{.leaf = installed.leaf.clone(),
                                      .authorities = x509::clones(installed.intermediates),
                                      .key = std::move(*key),
                                      .response = std::move(*response),
                                      .warnings = {}};
    auto verified = issuance::verify_kept(
        std::move(material),
        {.spec = *candidate.spec, .now = turn_.now(), .trust = std::move(trust)});
    if (!verified) {
        return std::unexpected(verified.error());
    }
    auto staged = turn_.ports.store.stage(*candidate.spec, *verified, installed.provenance);
    if (!staged) {
        return std::unexpected(staged.error());
    }
    prepared_.push_back({.candidate = &candidate,
                         .kind = OutcomeKind::trust_published,
                         .staged = std::move(*staged),
                         .leaf_postponed_until = leaf_at});
    return {};
}

bool Publication::publish() {
    // In the order of the role, not of the answers: one that lends its `ca` goes first.
    std::ranges::sort(prepared_, std::less<>(), &Prepared::candidate);
    std::vector<installation::Staged> staged;
    std::ranges::transform(prepared_, std::back_inserter(staged), &Prepared::staged);
    auto results = turn_.ports.store.publish(staged);
    bool whole = true;
    for (std::size_t i = 0; i < prepared_.size(); ++i) {
        whole = whole && results[i] && !results[i]->incomplete;
        if (results[i]) {
            note_published(prepared_[i], std::move(*results[i]));
        } else {
            set_back(*prepared_[i].candidate, std::move(results[i].error()), turn_);
        }
    }
    prepared_.clear();
    return whole;
}

void Publication::note_published(const Prepared& prepared, installation::Published published) {
    Candidate& candidate = *prepared.candidate;
    Outcome& outcome = candidate.outcome;
    CertificateState& known = turn_.state.certificates[candidate.spec->name];
    known.leaf_postponed_until = prepared.leaf_postponed_until;
    superseded_.insert(superseded_.end(), published.superseded.begin(), published.superseded.end());
    outcome.remarks.insert(
        outcome.remarks.end(), published.remarks.begin(), published.remarks.end());
    if (!published.durable) {
        outcome.remarks.push_back(
            "published, but not confirmed durable: a power cut now may bring the previous set "
            "back");
    }
    if (published.incomplete) {
        candidate.decision.valid = false;
        set_back(candidate, std::move(*published.incomplete), turn_);
        return;
    }
    if (!candidate.decision.valid && turn_.ports.services != nullptr) {
        // What its consumers have read serves them no more: no restart keeps to a slot.
        for (const role::Consumer& consumer : candidate.spec->consumers) {
            known.owed_reloads[consumers::acknowledgement_key(consumer)].due = turn_.now();
        }
    }
    candidate.decision.valid = true;
    if (outcome.error) {
        // Its trust was extended; what failed, or rests, is still to be mended.
        outcome.remarks.push_back("its CA file holds what the mount presents now");
        return;
    }
    known.last_error.reset();
    outcome.kind = prepared.kind;
}

}  // namespace install_cert::agent
