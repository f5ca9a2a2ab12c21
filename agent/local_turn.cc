// SPDX-License-Identifier: Apache-2.0
#include "agent/local_turn.h"

#include <time.h>

#include <random>
#include <utility>

#include "agent/lock.h"
#include "agent/recorded.h"
#include "agent/retirement.h"
#include "agent/secret_reader.h"
#include "agent/settled_turn.h"
#include "agent/token_care.h"
#include "agent/vault_session.h"
#include "consumers/systemd_service_control.h"

namespace install_cert::agent {
namespace {

void sleep_until(WallTime time, const Clock& clock) {
    while (clock.now() < time) {
        const timespec until{.tv_sec = time.time_since_epoch().count(), .tv_nsec = 0};
        (void)::clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, nullptr);
    }
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
    State state = read_state(workplace.places.state_directory);
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
            .leave_vault = [&] { session.close(); },
            .services = options.root.empty() || options.reload ? &services : nullptr,
            .care_for_tokens = token_care(workplace.role, session),
            .random = [&] { return std::generate_canonical<double, 32>(entropy); },
            .save =
                [&](const State& now) {
                    return write_state(workplace.places.state_directory, now);
                },
            .sleep_until = [&](WallTime time) { sleep_until(time, workplace.clock); }};
        report = run_until_settled(workplace.role,
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
    return report;
}

}  // namespace install_cert::agent
