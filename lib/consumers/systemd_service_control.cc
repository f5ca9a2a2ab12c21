// SPDX-License-Identifier: Apache-2.0
#include "consumers/systemd_service_control.h"

#include <unistd.h>

#include <chrono>
#include <string>
#include <utility>
#include <variant>

#include "consumers/command_run.h"
#include "consumers/direct_command.h"
#include "consumers/transient_command.h"
#include "foundation/result.h"
#include "foundation/text.h"

namespace install_cert::consumers {

namespace {

// `check` asks about each unit in turn and waits no longer for one.
constexpr std::chrono::seconds kKnowsPatience{5};

ReloadOutcome failed(std::string what) {
    return {.state = ReloadState::failed, .what = std::move(what)};
}

bool is_missing(const UnitState& state) {
    return state.load == "not-found" || state.load == "masked";
}

// Between two attempts of Restart= there is no process, and the next one reads the new files.
bool is_starting(const UnitState& state) {
    return state.active == "activating" && state.sub != "auto-restart";
}

bool is_running(const UnitState& state) {
    return state.active == "active" || state.active == "reloading" || is_starting(state);
}

// The Try forms: a unit that stopped after we looked is not started.
const char* method_of(role::UnitAction action) {
    switch (action) {
        case role::UnitAction::reload_or_restart:
            return "ReloadOrTryRestartUnit";
        case role::UnitAction::reload:
            return "ReloadUnit";
        case role::UnitAction::restart:
            return "TryRestartUnit";
    }
    std::unreachable();
}

// A process that is starting may have read the old files already. systemd answers a reload in that
// state by failing the start, so it is waited for; a restart is queued at once, since what it waits
// for may be the new CA.
Result<UnitState> settled_state(SystemdBus& bus,
                                const role::UnitConsumer& consumer,
                                const Deadline& deadline) {
    const auto told = bus.watch(consumer.unit);
    if (!told) {
        return std::unexpected(told.error());
    }
    auto state = bus.state_of(consumer.unit, deadline);
    if (!state || !is_starting(*state) || consumer.action == role::UnitAction::restart) {
        return state;
    }
    const auto moved = [&] { return !(*told)->active.empty() && (*told)->active != "activating"; };
    if (auto waited = bus.wait_until(moved, deadline); !waited) {
        return while_doing("it is still starting", std::move(waited.error()));
    }
    state = bus.state_of(consumer.unit, deadline);
    if (state && is_starting(*state)) {
        return fail(Failure::not_yet, "it is starting again");
    }
    return state;
}

ReloadOutcome outcome_of(const std::string& job_result) {
    if (job_result == "done") {
        return {.state = ReloadState::done, .what = "done"};
    }
    if (job_result == "skipped") {
        return {.state = ReloadState::not_running, .what = "it stopped meanwhile"};
    }
    return failed("systemd's job ended: " + printable(job_result));
}

}  // namespace

ServiceHost service_host() {
    // sd_booted(3)
    if (::access("/run/systemd/system", F_OK) != 0) {
        return ServiceHost::none;
    }
    return ::geteuid() == 0 ? ServiceHost::systemd : ServiceHost::systemd_user;
}

SystemdServiceControl::SystemdServiceControl(ServiceHost host, BusAddresses addresses)
    : host_(host), addresses_(std::move(addresses)) {}

ReloadOutcome SystemdServiceControl::reload(const role::Consumer& consumer,
                                            const ReloadContext& context) {
    if (const auto* unit = std::get_if<role::UnitConsumer>(&consumer.what)) {
        return reload_unit(*unit, Deadline(consumer.timeout));
    }
    return run_command({.argv = std::get<role::CommandConsumer>(consumer.what).argv,
                        .environment = command_environment(context),
                        .timeout = consumer.timeout});
}

ReloadOutcome SystemdServiceControl::reload_unit(const role::UnitConsumer& consumer,
                                                 const Deadline& deadline) {
    if (host_ == ServiceHost::none) {
        return failed("systemd does not run here, and only it can reload a unit");
    }
    const auto bus = SystemdBus::connect(addresses_, deadline);
    if (!bus) {
        return failed(bus.error().what);
    }
    const auto state = settled_state(**bus, consumer, deadline);
    if (!state) {
        return failed(state.error().what);
    }
    if (is_missing(*state)) {
        return {.state = ReloadState::missing, .what = "the unit is " + printable(state->load)};
    }
    if (!is_running(*state)) {
        return {.state = ReloadState::not_running, .what = "it is " + printable(state->active)};
    }
    const auto job = (*bus)->queue(method_of(consumer.action), consumer.unit, deadline);
    if (!job) {
        return failed(job.error().what);
    }
    const auto result = (*bus)->result_of(*job, deadline);
    if (!result && result.error().kind == Failure::not_yet) {
        return failed("systemd's job did not end in time");
    }
    return result ? outcome_of(*result) : failed(result.error().what);
}

ReloadOutcome SystemdServiceControl::run_command(const CommandRun& run) {
    if (host_ != ServiceHost::systemd) {
        return run_directly(run);
    }
    const auto bus = SystemdBus::connect(addresses_, Deadline(run.timeout));
    return bus ? run_as_unit(**bus, run) : failed(bus.error().what);
}

Result<bool> SystemdServiceControl::knows(const std::string& unit) {
    if (host_ == ServiceHost::none) {
        return fail(Failure::unavailable, "systemd does not run here");
    }
    const Deadline deadline(kKnowsPatience);
    const auto bus = SystemdBus::connect(addresses_, deadline);
    if (!bus) {
        return std::unexpected(bus.error());
    }
    const auto state = (*bus)->state_of(unit, deadline);
    if (!state) {
        return std::unexpected(state.error());
    }
    return !is_missing(*state);
}

}  // namespace install_cert::consumers
