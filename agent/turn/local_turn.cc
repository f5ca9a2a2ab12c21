// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/local_turn.h"

#include <time.h>

#include <algorithm>
#include <random>
#include <utility>

#include "agent/configuration/secret_reader.h"
#include "agent/record/former.h"
#include "agent/record/lock.h"
#include "agent/record/recorded.h"
#include "agent/record/small_file.h"
#include "agent/turn/retirement.h"
#include "agent/turn/settled_turn.h"
#include "agent/turn/token_care.h"
#include "agent/turn/vault_session.h"
#include "consumers/systemd_service_control.h"

namespace install_cert::agent {
namespace {

// In short naps by a clock that nobody sets, so that a wall clock set back meanwhile does not make
// the turn outlive its deadline.
void sleep_until(WallTime time, BootTime deadline, const Clock& clock) {
    constexpr std::chrono::seconds kNap{1};
    while (clock.now() < time && clock.since_boot() < deadline) {
        const auto nap = std::min<std::chrono::seconds>(time - clock.now(), kNap);
        const timespec length{.tv_sec = nap.count(), .tv_nsec = 0};
        (void)::clock_nanosleep(CLOCK_BOOTTIME, 0, &length, nullptr);
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
    for (const std::string name :
         {"/state.json", "/recorded.json", "/former.json", "/accepted.json"}) {
        drop_unfinished(workplace.places.state_directory + name);
    }
    State state = read_state(workplace.places.state_directory);
    TurnReport report;
    const auto former =
        note_former(workplace.places.state_directory, workplace.role, workplace.store);
    // Before anything is published: the gate is waiting for these sets. Of former ones that could
    // not be noted, the record is all that tells.
    const auto recorded =
        former ? write_recorded(workplace.places.state_directory, workplace.role) : Result<>();
    {
        VaultSession session(
            workplace.role.vault,
            secret_reader(workplace.places,
                          std::make_shared<const Secret>(std::move(turn.environment_token))),
            workplace.clock);
        consumers::SystemdServiceControl services;
        std::random_device entropy;
        const auto random = [&] { return std::generate_canonical<double, 32>(entropy); };
        const TurnPorts ports{
            .clock = workplace.clock,
            .store = workplace.store,
            .issuer = [&] { return session.issuer(); },
            .leave_vault = [&] { session.close(); },
            .services = options.root.empty() || options.reload ? &services : nullptr,
            .care_for_tokens = token_care(workplace.role, session, random),
            .random = random,
            .save =
                [&](const State& now) {
                    return write_state(workplace.places.state_directory, now);
                },
            .sleep_until =
                [&](WallTime time) { sleep_until(time, turn.deadline, workplace.clock); }};
        report = run_until_settled(workplace.role,
                                   {.wish = turn.wish,
                                    .certificates = *selected,
                                    .situation = workplace.situation(),
                                    .deadline = turn.deadline,
                                    .reloads_until = turn.reloads_until,
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
    if (!former) {
        report.remarks.push_back(former.error().what);
    } else {
        report.remarks.insert(report.remarks.end(), former->begin(), former->end());
    }
    return report;
}

}  // namespace install_cert::agent
