// SPDX-License-Identifier: Apache-2.0
#include "agent/local_turn.h"

#include <time.h>

#include <algorithm>
#include <random>
#include <utility>

#include "agent/lock.h"
#include "agent/retirement.h"
#include "agent/secret_reader.h"
#include "agent/token_care.h"
#include "agent/vault_session.h"
#include "consumers/systemd_service_control.h"

namespace install_cert::agent {
namespace {

// The moment at which everything that only had to keep its distance may be asked for; nullopt when
// nothing had to, or when the deadline comes first.
std::optional<WallTime> spacing_ends(const TurnReport& report,
                                     const Workplace& workplace,
                                     BootTime deadline) {
    std::optional<WallTime> latest;
    for (const Outcome& outcome : report.certificates) {
        const bool exempt =
            outcome.cause == renewal::Cause::asked || outcome.cause == renewal::Cause::boot;
        if (outcome.kind == OutcomeKind::postponed && exempt) {
            latest = std::max(latest.value_or(outcome.next), outcome.next);
        }
    }
    if (!latest || workplace.clock.since_boot() + (*latest - workplace.clock.now()) >= deadline) {
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

// What the second try brought replaces what was postponed.
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

TurnReport run_with_spacing(const Workplace& workplace,
                            TurnRequest request,
                            const TurnPorts& ports,
                            State& state) {
    TurnReport report = run_turn(workplace.role, request, ports, state);
    if (const auto again_at = spacing_ends(report, workplace, request.deadline)) {
        std::erase_if(request.certificates, [&](const role::CertificateSpec* spec) {
            return std::ranges::find(report.certificates, spec, &Outcome::spec)->kind !=
                   OutcomeKind::postponed;
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
        report = run_with_spacing(workplace,
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
    if (state != before) {
        if (const auto saved = write_state(workplace.places.state_directory, state); !saved) {
            report.remarks.push_back(saved.error().what);
        }
    }
    return report;
}

}  // namespace install_cert::agent
