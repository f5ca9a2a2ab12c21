// SPDX-License-Identifier: Apache-2.0
// ServiceControl by systemd over D-Bus, and commands as children where no systemd runs.
#pragma once

#include <cstdint>
#include <string>

#include "consumers/command_run.h"
#include "consumers/deadline.h"
#include "consumers/service_control.h"
#include "consumers/systemd_bus.h"

namespace install_cert::consumers {

// What runs services on this host, as far as we may use it.
enum class ServiceHost : std::uint8_t {
    systemd,       // units and transient units
    systemd_user,  // systemd is up, but we are not root, who alone may start system units
    none,          // a container: commands only
};

[[nodiscard]] ServiceHost service_host();

// A connection lasts for one call: an agent that sleeps for weeks holds none.
class SystemdServiceControl final : public ServiceControl {
  public:
    explicit SystemdServiceControl(ServiceHost host = service_host(), BusAddresses addresses = {});

    // A unit that is starting is waited for; one that is not running is never started. A job that
    // outlives the timeout is left to systemd: cancelling a restart half-way would leave the unit
    // stopped.
    [[nodiscard]] ReloadOutcome reload(const role::Consumer& consumer,
                                       const ReloadContext& context) override;
    [[nodiscard]] Result<bool> knows(const std::string& unit) override;

  private:
    [[nodiscard]] ReloadOutcome reload_unit(const role::UnitConsumer& consumer,
                                            const Deadline& deadline);
    [[nodiscard]] ReloadOutcome run_command(const CommandRun& run);

    ServiceHost host_;
    BusAddresses addresses_;
};

}  // namespace install_cert::consumers
