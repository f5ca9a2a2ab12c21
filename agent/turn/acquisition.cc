// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/acquisition.h"

#include <algorithm>
#include <utility>

#include "agent/turn/allowance.h"
#include "agent/turn/authorities.h"
#include "agent/turn/setback.h"
#include "foundation/text.h"
#include "issuance/trust.h"
#include "issuance/verify.h"
#include "renewal/backoff.h"

namespace install_cert::agent {
namespace {

std::vector<issuance::TrustedAuthority> copies(std::span<const issuance::TrustedAuthority> trust) {
    std::vector<issuance::TrustedAuthority> result;
    for (const issuance::TrustedAuthority& authority : trust) {
        result.push_back(
            {.certificate = authority.certificate.clone(), .last_seen = authority.last_seen});
    }
    return result;
}

// A leaf that outlived its CA, as a mount may permit, serves nobody, and cannot be published again.
bool still_leads_to(std::span<const issuance::TrustedAuthority> trust,
                    const installation::InstalledSet& installed,
                    WallTime now) {
    const x509::CertificateFacts& leaf = installed.leaf.facts();
    return issuance::is_trusted(
        installed.leaf,
        installed.intermediates,
        trust,
        std::clamp(now, leaf.not_before, std::max(leaf.not_before, leaf.not_after)));
}

bool is_installed_already(const Candidate& candidate, const x509::Certificate& leaf) {
    return candidate.installed && candidate.installed->damage.empty() &&
           candidate.installed->leaf.facts().fingerprint == leaf.facts().fingerprint;
}

void append(std::vector<std::string>& to, const std::vector<std::string>& from) {
    to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

void Acquisition::obtain(std::span<Candidate> candidates) {
    std::vector<Candidate*> due;
    for (Candidate& candidate : candidates) {
        if (candidate.decision.cause != renewal::Cause::none &&
            candidate.outcome.kind != OutcomeKind::failed && may_ask(candidate, turn_) &&
            can_write(candidate)) {
            due.push_back(&candidate);
        }
    }
    if (due.empty()) {
        return;
    }
    for (const Candidate* const candidate : due) {
        spend_request(*candidate, turn_);
    }
    // The budget is spent on disk before it is spent at the server.
    if (const auto saved = turn_.ports.save(turn_.state); !saved) {
        for (Candidate* const candidate : due) {
            take_request_back(*candidate, turn_);
            set_back(*candidate, saved.error(), turn_);
        }
        return;
    }
    std::vector<issuance::Order> orders;
    for (Candidate* const candidate : due) {
        orders.push_back({.spec = candidate->spec, .key = key_to_keep(*candidate)});
    }
    const auto issuer = turn_.ports.issuer();
    if (!issuer) {
        for (Candidate* const candidate : due) {
            take_request_back(*candidate, turn_);
            set_back(*candidate, issuer.error(), turn_);
        }
        return;
    }
    (*issuer)->issue(std::move(orders),
                     turn_.request.deadline,
                     [&](std::size_t index, Result<issuance::IssuedMaterial> answer) {
                         accept(*due[index], std::move(answer));
                     });
    (void)publication_.publish();
    take_what_was_held();
}

bool Acquisition::can_write(Candidate& candidate) {
    auto remarks = turn_.ports.store.prove_writable(*candidate.spec);
    if (!remarks) {
        set_back(candidate, std::move(remarks.error()), turn_);
        return false;
    }
    append(candidate.outcome.remarks, *remarks);
    return true;
}

// With `rekey: never` any key that still belongs to the installed leaf, whatever else is damaged.
std::optional<x509::PrivateKey> Acquisition::key_to_keep(Candidate& candidate) {
    if (candidate.spec->rekey != role::Rekey::never || !candidate.installed) {
        return std::nullopt;
    }
    auto key = turn_.ports.store.read_key(*candidate.spec, *candidate.installed);
    if (key && (!candidate.spec->key || key->kind() == *candidate.spec->key)) {
        return std::move(*key);
    }
    candidate.outcome.remarks.push_back(
        "gets a new key: " +
        (key ? "the configuration asks for one of another kind" : key.error().what));
    return std::nullopt;
}

void Acquisition::accept(Candidate& candidate, Result<issuance::IssuedMaterial> answer) {
    if (!answer) {
        const Error& error = answer.error();
        if (!error.may_have_happened &&
            (error.kind == Failure::not_yet || error.kind == Failure::unavailable ||
             error.kind == Failure::denied)) {
            take_request_back(candidate, turn_);
        }
        set_back(candidate, std::move(answer.error()), turn_);
        return;
    }
    append(candidate.outcome.remarks, answer->warnings);
    const auto until = issuance::worth_waiting_until(answer->leaf, turn_.now());
    const auto left = std::chrono::floor<std::chrono::seconds>(turn_.request.deadline -
                                                               turn_.ports.clock.since_boot());
    if (until && turn_.ports.sleep_until && *until - turn_.now() < left) {
        held_.push_back({.candidate = &candidate, .material = std::move(*answer), .until = *until});
        return;
    }
    take(candidate, std::move(*answer));
}

void Acquisition::take(Candidate& candidate, issuance::IssuedMaterial material) {
    if (const auto staged = stage_new(candidate, std::move(material)); !staged) {
        set_back(candidate, staged.error(), turn_);
    }
}

// What could be published at once is published by now.
void Acquisition::take_what_was_held() {
    if (held_.empty()) {
        return;
    }
    for (Held& held : std::exchange(held_, {})) {
        held.candidate->outcome.remarks.push_back(
            "held until " + to_rfc3339(held.until) +
            ", since it was not valid before by this host's clock, which is slow");
        turn_.ports.sleep_until(held.until);
        take(*held.candidate, std::move(held.material));
    }
    (void)publication_.publish();
}

// Where the trust stays as it is, there is nothing that could go first.
bool Acquisition::trust_goes_first(const Candidate& candidate,
                                   const issuance::IssuedMaterial& material,
                                   std::span<const issuance::TrustedAuthority> trust) const {
    if (!candidate.installed || !candidate.decision.valid || !candidate.spec->files.key ||
        candidate.decision.cause == renewal::Cause::request_changed ||
        is_installed_trust(trust, *candidate.installed)) {
        return false;
    }
    return turn_.now() < renewal::last_tenth(lifetime_of(*candidate.installed)) &&
           still_leads_to(trust, *candidate.installed, turn_.now()) &&
           !issuance::is_trusted(
               material.leaf, material.authorities, candidate.installed->trust, turn_.now());
}

Result<> Acquisition::stage_new(Candidate& candidate, issuance::IssuedMaterial material) {
    if (is_installed_already(candidate, material.leaf)) {
        return fail(Failure::rejected,
                    candidate.spec->name + ": the answer is the certificate that is installed (" +
                        material.leaf.facts().serial + "), not a new one",
                    "something between this host and Vault may keep answers: check vault.address");
    }
    std::vector<issuance::TrustedAuthority> installed_trust;
    std::chrono::seconds keep{0};
    if (candidate.installed) {
        installed_trust =
            trust_seen(*candidate.installed, candidate.spec->mount, turn_.now(), turn_.state);
        keep = trust_kept_for(*candidate.spec, *candidate.installed);
    }
    auto trust = issuance::merged_trust(installed_trust, material.authorities, turn_.now(), keep);
    const std::vector<x509::Certificate> presented = x509::clones(material.authorities);
    const bool trust_first = trust_goes_first(candidate, material, trust);
    const WallTime received = turn_.now();
    // Also where the leaf comes later: an answer that could not be installed changes no trust.
    auto verified = issuance::verify(
        std::move(material), {.spec = *candidate.spec, .now = received, .trust = copies(trust)});
    if (!verified) {
        return std::unexpected(verified.error());
    }
    note_presented(candidate.spec->mount, presented, received, turn_.state);
    // The other sets of this mount wait for a look of their own: it is not put off.
    turn_.state.next_ca_look.try_emplace(
        candidate.spec->mount,
        received + renewal::routine_delay(turn_.role.renewal.ca_refresh, turn_.ports.random()));
    if (trust_first) {
        const WallTime leaf_at = renewal::after_trust_lead(
            turn_.now(), turn_.role.renewal.ca_lead, lifetime_of(*candidate.installed));
        candidate.outcome.next = leaf_at;
        return publication_.stage_kept(candidate, std::move(trust), leaf_at);
    }
    return stage_leaf(candidate, *verified, received);
}

Result<> Acquisition::stage_leaf(Candidate& candidate,
                                 const issuance::VerifiedSet& verified,
                                 WallTime received) {
    const renewal::Situation& situation = turn_.request.situation;
    if (const auto staged =
            publication_.stage(candidate,
                               verified,
                               {.request_digest = role::request_digest(*candidate.spec),
                                .received = received,
                                .boot_id = situation.boot_id});
        !staged) {
        return staged;
    }
    Outcome& outcome = candidate.outcome;
    append(outcome.remarks, verified.remarks());
    outcome.serial = verified.leaf().facts().serial;
    outcome.not_after = verified.leaf().facts().not_after;
    outcome.next = renewal::due_at(turn_.role.renewal,
                                   {.received = received, .not_after = outcome.not_after},
                                   renewal::host_share(situation.machine_id, candidate.spec->name));
    return {};
}

}  // namespace install_cert::agent
