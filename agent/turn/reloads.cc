// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/reloads.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "consumers/debts.h"
#include "foundation/text.h"
#include "renewal/backoff.h"
#include "x509/digest.h"

namespace install_cert::agent {
namespace {

// A failing reload waits for somebody to mend its consumer.
constexpr Failure kWaitsForSomebody = Failure::rejected;

consumers::Installed as_consumers_see(const role::CertificateSpec& spec,
                                      const installation::InstalledSet& installed) {
    const auto fingerprints = issuance::fingerprints(installed.trust);
    return {.spec = &spec,
            .leaf = installed.leaf.facts().fingerprint,
            .trust_digest = x509::sha256_hex(
                join(std::vector<std::string>(fingerprints.begin(), fingerprints.end()), ""))};
}

consumers::Acknowledged acknowledged_of(const State& state) {
    consumers::Acknowledged acknowledged;
    for (const auto& [name, certificate] : state.certificates) {
        acknowledged[name] = certificate.acknowledged;
    }
    return acknowledged;
}

// A restart for a changed CA keeps to this host's slot within ca_lead, so that the members of a
// cluster do not restart together. A first installation has no other members' clients to spare.
WallTime slot_of(const consumers::Debt& debt, const TurnContext& turn) {
    const renewal::Situation& situation = turn.request.situation;
    const auto* const unit = std::get_if<role::UnitConsumer>(&debt.consumer.what);
    const std::string name = consumers::acknowledgement_key(debt.consumer);
    const bool known = std::ranges::any_of(debt.certificates, [&](const std::string& certificate) {
        const auto found = turn.state.certificates.find(certificate);
        return found != turn.state.certificates.end() && found->second.acknowledged.contains(name);
    });
    if (unit == nullptr || unit->action != role::UnitAction::restart ||
        debt.consumer.when != role::When::ca_change || !known) {
        return situation.now;
    }
    const double share = renewal::host_share(situation.machine_id, name);
    const auto wait =
        static_cast<std::int64_t>(static_cast<double>(turn.role.renewal.ca_lead.count()) * share);
    return situation.now + std::chrono::seconds{wait};
}

// A time further ahead than any that is ever noted was noted before the clock was set back.
bool is_past_belief(WallTime noted, const TurnContext& turn) {
    return noted - turn.request.situation.now >
           std::max(turn.role.renewal.ca_lead, renewal::kLongestRetryDelay);
}

// In a row. A certificate that joined the debt since has seen fewer.
unsigned failures_of(const consumers::Debt& debt, const State& state) {
    const std::string name = consumers::acknowledgement_key(debt.consumer);
    unsigned most = 0;
    for (const std::string& certificate : debt.certificates) {
        const auto& owed = state.certificates.at(certificate).owed_reloads;
        const auto known = owed.find(name);
        most = std::max(most, known != owed.end() ? known->second.failures : 0);
    }
    return most;
}

// When this debt is paid: the earliest of its certificates' times in state, or this debt's own
// where there is none. A certificate that joins it later waits with the others: each with a slot of
// its own would put the restart off again and again. Written back for all of them, since a time
// that has passed would wake the daemon for nothing.
WallTime due_time(const consumers::Debt& debt, const TurnContext& turn) {
    const std::string name = consumers::acknowledgement_key(debt.consumer);
    std::optional<WallTime> noted;
    for (const std::string& certificate : debt.certificates) {
        const CertificateState& known = turn.state.certificates[certificate];
        const auto owed = known.owed_reloads.find(name);
        if (owed != known.owed_reloads.end() && !is_past_belief(owed->second.due, turn)) {
            noted = std::min(noted.value_or(owed->second.due), owed->second.due);
        }
    }
    const WallTime due = noted.value_or(slot_of(debt, turn));
    for (const std::string& certificate : debt.certificates) {
        turn.state.certificates[certificate].owed_reloads[name].due = due;
    }
    // A person does not wait for a failed reload's next try: its result is what was asked for.
    const bool waits = turn.request.patience == TurnRequest::Patience::keeps_backoff ||
                       failures_of(debt, turn.state) == 0;
    return waits ? due : turn.request.situation.now;
}

void note_failure(const consumers::Debt& debt,
                  const consumers::ReloadOutcome& outcome,
                  const TurnContext& turn) {
    const std::string name = consumers::acknowledgement_key(debt.consumer);
    const unsigned failures = failures_of(debt, turn.state) + 1;
    const auto delay = renewal::retry_delay(
        {.kind = kWaitsForSomebody, .attempt = failures, .retry_after = {}}, turn.ports.random());
    const WallTime due = turn.now() + std::chrono::ceil<std::chrono::seconds>(delay);
    for (const std::string& certificate : debt.certificates) {
        turn.state.certificates[certificate].owed_reloads[name] = {
            .due = due, .failures = failures, .why = outcome.what};
    }
}

void note_paid(const consumers::Debt& debt,
               std::span<const consumers::Installed> installed,
               State& state) {
    const std::string name = consumers::acknowledgement_key(debt.consumer);
    consumers::Acknowledged acknowledged = acknowledged_of(state);
    consumers::acknowledge(acknowledged, debt, installed);
    for (const std::string& certificate : debt.certificates) {
        CertificateState& known = state.certificates[certificate];
        known.acknowledged = acknowledged[certificate];
        known.owed_reloads.erase(name);
    }
}

// A time of a debt that is no more (its consumer left the configuration, its set is damaged) would
// wake the daemon again and again, for nothing.
void forget_settled(std::span<const role::CertificateSpec* const> certificates,
                    const std::vector<consumers::Debt>& debts,
                    State& state) {
    for (const role::CertificateSpec* const spec : certificates) {
        const auto settled = [&](const auto& entry) {
            return std::ranges::none_of(debts, [&](const consumers::Debt& debt) {
                return consumers::acknowledgement_key(debt.consumer) == entry.first &&
                       std::ranges::find(debt.certificates, spec->name) != debt.certificates.end();
            });
        };
        if (const auto known = state.certificates.find(spec->name);
            known != state.certificates.end()) {
            std::erase_if(known->second.owed_reloads, settled);
        }
    }
}

consumers::ReloadOutcome reload_in_time(const consumers::Debt& debt, const TurnContext& turn) {
    const auto left = std::chrono::floor<std::chrono::seconds>(turn.request.reloads_until -
                                                               turn.ports.clock.since_boot());
    if (left <= std::chrono::seconds{0}) {
        return {.state = consumers::ReloadState::failed,
                .what = "not begun: the time of this turn was over"};
    }
    role::Consumer consumer = debt.consumer;
    consumer.timeout = std::min(consumer.timeout, left);
    return turn.ports.services->reload(consumer, {.certificates = debt.certificates});
}

}  // namespace

std::vector<ReloadReport> pay_reloads(const TurnContext& turn) {
    std::vector<ReloadReport> reports;
    std::vector<consumers::Installed> installed;
    for (const role::CertificateSpec* const spec : turn.request.certificates) {
        const auto set = spec->consumers.empty()
                             ? Result<std::optional<installation::InstalledSet>>()
                             : turn.ports.store.read(*spec);
        if (set && *set && (*set)->damage.empty()) {
            installed.push_back(as_consumers_see(*spec, **set));
        }
    }
    const std::vector<consumers::Debt> debts =
        consumers::debts(installed, acknowledged_of(turn.state));
    forget_settled(turn.request.certificates, debts, turn.state);
    for (const consumers::Debt& debt : debts) {
        if (due_time(debt, turn) > turn.now()) {
            continue;
        }
        consumers::ReloadOutcome outcome = reload_in_time(debt, turn);
        if (outcome.state == consumers::ReloadState::failed) {
            note_failure(debt, outcome, turn);
        } else {
            note_paid(debt, installed, turn.state);
        }
        // A turn that is killed at the next consumer must not reload this one again. Where it
        // cannot be written, that is what will happen.
        (void)turn.ports.save(turn.state);
        reports.push_back({.consumer = consumers::acknowledgement_key(debt.consumer),
                           .certificates = debt.certificates,
                           .outcome = std::move(outcome)});
    }
    return reports;
}

std::vector<std::string> reloads_owed(const role::CertificateSpec& spec,
                                      const installation::InstalledSet& installed,
                                      const CertificateState& state) {
    std::vector<std::string> owed;
    const std::vector<consumers::Installed> seen{as_consumers_see(spec, installed)};
    for (const consumers::Debt& debt : consumers::debts(seen, {{spec.name, state.acknowledged}})) {
        owed.push_back(consumers::acknowledgement_key(debt.consumer));
    }
    return owed;
}

}  // namespace install_cert::agent
