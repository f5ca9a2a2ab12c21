// SPDX-License-Identifier: Apache-2.0
#include "agent/local_turn.h"

#include <time.h>

#include <algorithm>
#include <random>
#include <utility>

#include "agent/lock.h"
#include "agent/recorded.h"
#include "agent/retirement.h"
#include "agent/secret_reader.h"
#include "agent/token_care.h"
#include "agent/vault_session.h"
#include "consumers/systemd_service_control.h"

namespace install_cert::agent {
namespace {

// What another try within this turn can bring: a request that only had to keep its distance, or one
// that the server itself asked to have later. The daemon has its own schedule for the latter.
bool deserves_another_try(const Outcome& outcome, TurnRequest::Patience patience) {
    if (outcome.kind == OutcomeKind::postponed) {
        return outcome.cause == renewal::Cause::asked || outcome.cause == renewal::Cause::boot;
    }
    return patience == TurnRequest::Patience::tries_at_once &&
           outcome.kind == OutcomeKind::failed && outcome.error && outcome.error->retry_after;
}

// The moment of that try; nullopt when there is nothing to try, or when the deadline comes first.
std::optional<WallTime> another_try_at(const TurnReport& report,
                                       const Workplace& workplace,
                                       const TurnRequest& request) {
    std::optional<WallTime> latest;
    for (const Outcome& outcome : report.certificates) {
        if (deserves_another_try(outcome, request.patience)) {
            latest = std::max(latest.value_or(outcome.next), outcome.next);
        }
    }
    const auto left = request.deadline - workplace.clock.since_boot();
    if (!latest || *latest - workplace.clock.now() >= left) {
        return std::nullopt;
    }
    return latest;
}

void sleep_until(WallTime time, const Clock& clock) {
    while (clock.now() < time) {
        const timespec until{.tv_sec = time.time_since_epoch().count(), .tv_nsec = 0};
        (void)::clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, nullptr);
    }
}

// What the later try brought replaces what the earlier one left open.
void adopt(TurnReport& report, TurnReport again) {
    for (Outcome& outcome : again.certificates) {
        const auto first = std::ranges::find(report.certificates, outcome.spec, &Outcome::spec);
        *first = std::move(outcome);
    }
    std::ranges::move(again.reloads, std::back_inserter(report.reloads));
    std::ranges::move(again.superseded, std::back_inserter(report.superseded));
    std::ranges::move(again.remarks, std::back_inserter(report.remarks));
    report.next_wake = again.next_wake;
    report.all_valid = again.all_valid;
}

TurnReport run_until_settled(const Workplace& workplace,
                             TurnRequest request,
                             const TurnPorts& ports,
                             State& state) {
    TurnReport report = run_turn(workplace.role, request, ports, state);
    while (const auto again_at = another_try_at(report, workplace, request)) {
        std::erase_if(request.certificates, [&](const role::CertificateSpec* spec) {
            const auto outcome = std::ranges::find(report.certificates, spec, &Outcome::spec);
            return !deserves_another_try(*outcome, request.patience);
        });
        sleep_until(*again_at, workplace.clock);
        request.situation.now = workplace.clock.now();
        adopt(report, run_turn(workplace.role, request, ports, state));
    }
    return report;
}

}  // namespace

Result<TurnReport> run_local_turn(Workplace& workplace, const Options& options, LocalTurn turn) {
    const auto selected = select(workplace.role, options.operands);
    if (!selected) {
        return std::unexpected(selected.error());
    }
    const auto lock = TurnLock::take(workplace.places.state_directory);
    if (!lock) {
        return std::unexpected(lock.error());
    }
    const State before = read_state(workplace.places.state_directory);
    State state = before;
    TurnReport report;
    // Before anything is published: the gate is waiting for these sets.
    const auto recorded = write_recorded(workplace.places.state_directory, workplace.role);
    {
        VaultSession session(
            workplace.role.vault,
            secret_reader(workplace.places,
                          std::make_shared<const Secret>(std::move(turn.environment_token))),
            workplace.clock);
        consumers::SystemdServiceControl services;
        std::random_device entropy;
        const TurnPorts ports{
            .clock = workplace.clock,
            .store = workplace.store,
            .issuer = [&] { return session.issuer(); },
            .services = options.root.empty() || options.reload ? &services : nullptr,
            .care_for_tokens = token_care(workplace.role, session),
            .random = [&] { return std::generate_canonical<double, 32>(entropy); },
            .save =
                [&](const State& now) {
                    return write_state(workplace.places.state_directory, now);
                }};
        report = run_until_settled(workplace,
                                   {.wish = turn.wish,
                                    .certificates = *selected,
                                    .situation = workplace.situation(),
                                    .deadline = workplace.clock.since_boot() + options.timeout,
                                    .patience = turn.patience},
                                   ports,
                                   state);
    }
    // Token, keys and connections are gone by now: the child that waits out the grace inherits
    // none.
    retire_after_grace(workplace.store, report.superseded);
    if (!recorded) {
        report.remarks.push_back(recorded.error().what);
    }
    if (state != before) {
        if (const auto saved = write_state(workplace.places.state_directory, state); !saved) {
            report.remarks.push_back(saved.error().what);
        }
    }
    return report;
}

}  // namespace install_cert::agent
