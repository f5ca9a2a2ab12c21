// SPDX-License-Identifier: Apache-2.0
#include "agent/acquisition.h"

#include <algorithm>
#include <utility>

#include "agent/authorities.h"
#include "consumers/debts.h"
#include "foundation/text.h"
#include "issuance/trust.h"
#include "issuance/verify.h"

namespace install_cert::agent {
namespace {

// A boot's first request is exempt; where it came to nothing, or its answer was lost, the budget
// bounds the next ones.
renewal::Asker asker_of(renewal::Cause cause,
                        const CertificateState& known,
                        const renewal::Situation& situation) {
    if (cause == renewal::Cause::asked) {
        return renewal::Asker::person;
    }
    const bool first = cause == renewal::Cause::boot && known.asked_in_boot != situation.boot_id;
    return first ? renewal::Asker::boot : renewal::Asker::schedule;
}

std::vector<x509::Certificate> copies(std::span<const x509::Certificate> certificates) {
    std::vector<x509::Certificate> result;
    std::ranges::transform(certificates, std::back_inserter(result), &x509::Certificate::clone);
    return result;
}

std::vector<issuance::TrustedAuthority> copies(std::span<const issuance::TrustedAuthority> trust) {
    std::vector<issuance::TrustedAuthority> result;
    for (const issuance::TrustedAuthority& authority : trust) {
        result.push_back(
            {.certificate = authority.certificate.clone(), .last_seen = authority.last_seen});
    }
    return result;
}

bool adds_nothing(std::span<const issuance::TrustedAuthority> trust,
                  const installation::InstalledSet& installed) {
    return issuance::fingerprints(trust) == issuance::fingerprints(installed.trust);
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
            candidate.outcome.kind != OutcomeKind::failed && may_ask(candidate) &&
            can_write(candidate)) {
            due.push_back(&candidate);
        }
    }
    if (due.empty()) {
        return;
    }
    for (const Candidate* const candidate : due) {
        CertificateState& known = state_.certificates[candidate->spec->name];
        known.asked_in_boot = request_.situation.boot_id;
        auto& requests = known.requests;
        requests.push_back(now());
        if (requests.size() > renewal::kRequestsPerWindow) {
            requests.erase(requests.begin());
        }
    }
    // The budget is spent on disk before it is spent at the server.
    if (const auto saved = ports_.save(state_); !saved) {
        for (Candidate* const candidate : due) {
            fail_with(*candidate, saved.error());
        }
        return;
    }
    std::vector<issuance::Order> orders;
    for (Candidate* const candidate : due) {
        orders.push_back({.spec = candidate->spec, .key = key_to_keep(*candidate)});
    }
    const auto issuer = ports_.issuer();
    if (!issuer) {
        for (Candidate* const candidate : due) {
            take_back_request(*candidate);
            fail_with(*candidate, issuer.error());
        }
        return;
    }
    (*issuer)->issue(std::move(orders),
                     request_.deadline,
                     [&](std::size_t index, Result<issuance::IssuedMaterial> answer) {
                         accept(*due[index], std::move(answer));
                     });
    (void)publish();
    take_what_was_held();
}

// What the server itself asked for holds for everybody.
bool Acquisition::rests(Candidate& candidate, renewal::Asker asker) {
    const auto& last = state_.certificates[candidate.spec->name].last_error;
    const bool keeps_backoff = request_.patience == TurnRequest::Patience::keeps_backoff &&
                               asker != renewal::Asker::person;
    const WallTime until = !last           ? WallTime::min()
                           : keeps_backoff ? last->retry_at
                                           : last->server_wants.value_or(WallTime::min());
    if (until <= now()) {
        return false;
    }
    candidate.outcome.kind = OutcomeKind::postponed;
    candidate.outcome.error =
        Error{.kind = last->kind, .what = last->what, .way_out = last->way_out};
    candidate.outcome.next = until;
    return true;
}

bool Acquisition::may_ask(Candidate& candidate) {
    const CertificateState& known = state_.certificates[candidate.spec->name];
    const renewal::Asker asker = asker_of(candidate.decision.cause, known, request_.situation);
    if (rests(candidate, asker)) {
        return false;
    }
    const std::chrono::seconds lifetime = candidate.installed
                                              ? lifetime_of(*candidate.installed).not_after -
                                                    lifetime_of(*candidate.installed).received
                                              : std::chrono::seconds{0};
    const WallTime allowed =
        renewal::next_request_at({.requests = known.requests, .lifetime = lifetime}, asker, now());
    if (allowed <= now()) {
        return true;
    }
    candidate.outcome.kind = OutcomeKind::postponed;
    candidate.outcome.next = allowed;
    candidate.outcome.error = Error{
        .kind = Failure::not_yet,
        .what = asker == renewal::Asker::schedule
                    ? candidate.spec->name + ": " + std::to_string(renewal::kRequestsPerWindow) +
                          " requests were spent; the next one is allowed at " + to_rfc3339(allowed)
                    : candidate.spec->name + ": asked for a moment ago; again at " +
                          to_rfc3339(allowed),
        .way_out = asker == renewal::Asker::schedule ? "'install-cert renew' asks at once" : ""};
    return false;
}

bool Acquisition::can_write(Candidate& candidate) {
    auto remarks = ports_.store.prove_writable(*candidate.spec);
    if (!remarks) {
        fail_with(candidate, std::move(remarks.error()));
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
    auto key = ports_.store.read_key(*candidate.spec, *candidate.installed);
    if (key && (!candidate.spec->key || key->kind() == *candidate.spec->key)) {
        return std::move(*key);
    }
    candidate.outcome.remarks.push_back(
        "gets a new key: " +
        (key ? "the configuration asks for one of another kind" : key.error().what));
    return std::nullopt;
}

// The budget is of certificates that came to nothing. Where Vault gave none (away, sealed,
// throttling, a token that it refuses) or could not even be asked (no token, no CA file yet),
// back-off and Retry-After hold alone: ten attempts last five minutes, and a longer outage must not
// end in an hour without any. Where only the answer is missing, a certificate may have been made:
// it stays counted.
void Acquisition::take_back_request(const Candidate& candidate) {
    CertificateState& known = state_.certificates[candidate.spec->name];
    known.asked_in_boot.clear();
    auto& requests = known.requests;
    if (!requests.empty()) {
        requests.pop_back();
    }
}

void Acquisition::accept(Candidate& candidate, Result<issuance::IssuedMaterial> answer) {
    if (!answer) {
        const Error& error = answer.error();
        if (!error.may_have_happened &&
            (error.kind == Failure::not_yet || error.kind == Failure::unavailable ||
             error.kind == Failure::denied)) {
            take_back_request(candidate);
        }
        fail_with(candidate, std::move(answer.error()));
        return;
    }
    append(candidate.outcome.remarks, answer->warnings);
    const auto until = issuance::worth_waiting_until(answer->leaf, now());
    const auto left =
        std::chrono::floor<std::chrono::seconds>(request_.deadline - ports_.clock.since_boot());
    if (until && ports_.sleep_until && *until - now() < left) {
        held_.push_back({.candidate = &candidate, .material = std::move(*answer), .until = *until});
        return;
    }
    take(candidate, std::move(*answer));
}

void Acquisition::take(Candidate& candidate, issuance::IssuedMaterial material) {
    if (const auto staged = stage_new(candidate, std::move(material)); !staged) {
        fail_with(candidate, staged.error());
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
        ports_.sleep_until(held.until);
        take(*held.candidate, std::move(held.material));
    }
    (void)publish();
}

// Where the trust stays as it is, there is nothing that could go first.
bool Acquisition::trust_goes_first(const Candidate& candidate,
                                   const issuance::IssuedMaterial& material,
                                   std::span<const issuance::TrustedAuthority> trust) const {
    if (!candidate.installed || !candidate.decision.valid || !candidate.spec->files.key ||
        candidate.decision.cause == renewal::Cause::request_changed ||
        adds_nothing(trust, *candidate.installed)) {
        return false;
    }
    return now() < renewal::last_tenth(lifetime_of(*candidate.installed)) &&
           !issuance::is_trusted(
               material.leaf, material.authorities, candidate.installed->trust, now());
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
        installed_trust = trust_seen(*candidate.installed, candidate.spec->mount, now(), state_);
        keep = trust_kept_for(*candidate.spec, *candidate.installed);
    }
    auto trust = issuance::merged_trust(installed_trust, material.authorities, now(), keep);
    const std::vector<x509::Certificate> presented = copies(material.authorities);
    const bool trust_first = trust_goes_first(candidate, material, trust);
    const WallTime received = now();
    const WallTime not_after = material.leaf.facts().not_after;
    std::string serial = material.leaf.facts().serial;
    // Also where the leaf comes later: an answer that could not be installed changes no trust.
    auto verified = issuance::verify(
        std::move(material), {.spec = *candidate.spec, .now = received, .trust = copies(trust)});
    if (!verified) {
        return std::unexpected(verified.error());
    }
    note_presented(candidate.spec->mount, presented, received, state_);
    // The other sets of this mount wait for a look of their own: it is not put off.
    state_.next_ca_look.try_emplace(
        candidate.spec->mount,
        received + renewal::routine_delay(role_.renewal.ca_refresh, ports_.random()));
    if (trust_first) {
        const WallTime leaf_at = renewal::after_trust_lead(
            now(), role_.renewal.ca_lead, lifetime_of(*candidate.installed));
        candidate.outcome.next = leaf_at;
        return stage_old_with(candidate, std::move(trust), leaf_at);
    }
    auto staged = ports_.store.stage(*candidate.spec,
                                     *verified,
                                     {.request_digest = role::request_digest(*candidate.spec),
                                      .received = received,
                                      .boot_id = request_.situation.boot_id});
    if (!staged) {
        return std::unexpected(staged.error());
    }
    append(candidate.outcome.remarks, verified->remarks());
    candidate.outcome.serial = std::move(serial);
    candidate.outcome.not_after = not_after;
    candidate.outcome.next =
        renewal::due_at(role_.renewal,
                        {.received = received, .not_after = not_after},
                        renewal::host_share(request_.situation.machine_id, candidate.spec->name));
    prepared_.push_back(
        {.candidate = &candidate, .kind = OutcomeKind::installed, .staged = std::move(*staged)});
    return {};
}

Result<> Acquisition::stage_old_with(Candidate& candidate,
                                     std::vector<issuance::TrustedAuthority> trust,
                                     std::optional<WallTime> leaf_at) {
    const installation::InstalledSet& installed = *candidate.installed;
    auto key = ports_.store.read_key(*candidate.spec, installed);
    if (!key) {
        return std::unexpected(key.error());
    }
    auto response = ports_.store.read_response(*candidate.spec, installed);
    if (!response) {
        return std::unexpected(response.error());
    }
    issuance::IssuedMaterial material{.leaf = installed.leaf.clone(),
                                      .authorities = copies(installed.intermediates),
                                      .key = std::move(*key),
                                      .response = std::move(*response),
                                      .warnings = {}};
    auto verified = issuance::verify_kept(
        std::move(material), {.spec = *candidate.spec, .now = now(), .trust = std::move(trust)});
    if (!verified) {
        return std::unexpected(verified.error());
    }
    auto staged = ports_.store.stage(*candidate.spec, *verified, installed.provenance);
    if (!staged) {
        return std::unexpected(staged.error());
    }
    prepared_.push_back({.candidate = &candidate,
                         .kind = OutcomeKind::trust_published,
                         .staged = std::move(*staged),
                         .leaf_postponed_until = leaf_at});
    return {};
}

bool Acquisition::extend_trust(Candidate& candidate, std::span<const x509::Certificate> presented) {
    const installation::InstalledSet& installed = *candidate.installed;
    auto trust = issuance::merged_trust(trust_seen(installed, candidate.spec->mount, now(), state_),
                                        presented,
                                        now(),
                                        trust_kept_for(*candidate.spec, installed));
    if (adds_nothing(trust, installed)) {
        return true;
    }
    auto& leaf_at = state_.certificates[candidate.spec->name].leaf_postponed_until;
    if (!candidate.spec->files.key) {
        // Nothing to publish the old leaf with, and nobody here who presents it: a new one now.
        leaf_at = now();
        candidate.outcome.next = now();
        return true;
    }
    // No leaf was asked for: one that was put off before stays put off.
    if (const auto staged = stage_old_with(candidate, std::move(trust), leaf_at); !staged) {
        fail_with(candidate, staged.error());
        return false;
    }
    return publish();
}

bool Acquisition::publish() {
    // In the order of the role, not of the answers: one that lends its `ca` goes first.
    std::ranges::sort(prepared_, std::less<>(), &Prepared::candidate);
    std::vector<installation::Staged> staged;
    std::ranges::transform(prepared_, std::back_inserter(staged), &Prepared::staged);
    auto results = ports_.store.publish(staged);
    bool whole = true;
    for (std::size_t i = 0; i < prepared_.size(); ++i) {
        whole = whole && results[i] && !results[i]->incomplete;
        if (results[i]) {
            note_published(prepared_[i], std::move(*results[i]));
        } else {
            fail_with(*prepared_[i].candidate, std::move(results[i].error()));
        }
    }
    prepared_.clear();
    return whole;
}

void Acquisition::note_published(const Prepared& prepared, installation::Published published) {
    Candidate& candidate = *prepared.candidate;
    Outcome& outcome = candidate.outcome;
    CertificateState& known = state_.certificates[candidate.spec->name];
    known.leaf_postponed_until = prepared.leaf_postponed_until;
    superseded_.insert(superseded_.end(), published.superseded.begin(), published.superseded.end());
    append(outcome.remarks, published.remarks);
    if (!published.durable) {
        outcome.remarks.push_back(
            "published, but not confirmed durable: a power cut now may bring the previous set "
            "back");
    }
    if (published.incomplete) {
        candidate.decision.valid = false;
        fail_with(candidate, std::move(*published.incomplete));
        return;
    }
    if (!candidate.decision.valid) {
        // What its consumers have read serves them no more: no restart keeps to a slot.
        for (const role::Consumer& consumer : candidate.spec->consumers) {
            known.reload_at[consumers::acknowledgement_key(consumer)] = now();
        }
    }
    candidate.decision.valid = true;
    if (outcome.kind == OutcomeKind::failed) {
        // Its trust was extended; what failed before is still to be mended.
        outcome.remarks.push_back("its CA file holds what the mount presents now");
        return;
    }
    known.last_error.reset();
    outcome.kind = prepared.kind;
}

// One turn for several certificates that fail: a time at which another one is tried anyway, and
// that could have been drawn, is as good as a drawn one.
WallTime Acquisition::retry_time(const renewal::FailedAttempt& failed) const {
    const auto drawn = [&](double random) {
        return now() +
               std::chrono::ceil<std::chrono::seconds>(renewal::retry_delay(failed, random));
    };
    const WallTime soonest = drawn(0);
    const WallTime latest = drawn(1);
    for (const auto& [name, other] : state_.certificates) {
        if (other.last_error && other.last_error->retry_at >= soonest &&
            other.last_error->retry_at <= latest) {
            return other.last_error->retry_at;
        }
    }
    return drawn(ports_.random());
}

void Acquisition::fail_with(Candidate& candidate, Error error) {
    CertificateState& known = state_.certificates[candidate.spec->name];
    const unsigned attempts = known.last_error ? known.last_error->attempts + 1 : 1;
    const WallTime retry_at =
        retry_time({.kind = error.kind, .attempt = attempts, .retry_after = error.retry_after});
    known.last_error =
        LastError{.kind = error.kind,
                  .what = error.what,
                  .way_out = error.way_out,
                  .at = now(),
                  .attempts = attempts,
                  .retry_at = retry_at,
                  .server_wants =
                      error.retry_after ? std::optional(now() + *error.retry_after) : std::nullopt};
    candidate.outcome.kind = OutcomeKind::failed;
    candidate.outcome.error = std::move(error);
    candidate.outcome.next = retry_at;
}

}  // namespace install_cert::agent
