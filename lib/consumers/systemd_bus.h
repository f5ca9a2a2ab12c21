// SPDX-License-Identifier: Apache-2.0
// A connection to systemd's own D-Bus interface, every wait on it bounded.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <systemd/sd-bus.h>

#include "consumers/bus_handles.h"
#include "consumers/deadline.h"
#include "foundation/result.h"

namespace install_cert::consumers {

// Where systemd is asked, in this order. A test puts its own servers here.
struct BusAddresses {
    std::string system_bus = "unix:path=/run/dbus/system_bus_socket";
    // systemctl's own way in, for root: it needs no message bus to be up.
    std::string private_socket = "unix:path=/run/systemd/private";
};

// Unit.LoadState, ActiveState, SubState: see org.freedesktop.systemd1(5).
struct UnitState {
    std::string load;
    std::string active;
    std::string sub;
};

// What the watched unit told last about its run.
struct UnitRun {
    std::string active;  // empty: nothing was told yet
    std::string result;  // "success", "exit-code", "signal", "timeout", ...
    int code = 0;        // si_code of the main process: CLD_EXITED, CLD_KILLED, ...
    int status = 0;
};

// Not movable: callbacks of the connection point here.
class SystemdBus {
  public:
    // The message bus, or where it is away the private socket, subscribed to systemd's signals.
    // Failure::unavailable where neither answers.
    [[nodiscard]] static Result<std::unique_ptr<SystemdBus>> connect(const BusAddresses& addresses,
                                                                     const Deadline& deadline);
    SystemdBus(const SystemdBus&) = delete;
    SystemdBus& operator=(const SystemdBus&) = delete;
    SystemdBus(SystemdBus&&) = delete;
    SystemdBus& operator=(SystemdBus&&) = delete;
    ~SystemdBus() = default;

    // Loads the unit if need be: an unknown one has load state "not-found".
    [[nodiscard]] Result<UnitState> state_of(const std::string& unit, const Deadline& deadline);

    // Queues `method` (ReloadUnit, TryRestartUnit, ...) for the unit with mode "replace".
    // The job's object path.
    [[nodiscard]] Result<std::string> queue(const char* method,
                                            const std::string& unit,
                                            const Deadline& deadline);

    // A method call on the manager, filled in by the caller and sent with call().
    [[nodiscard]] Result<MessageHandle> request(const char* method);
    [[nodiscard]] Result<MessageHandle> call(sd_bus_message* request, const Deadline& deadline);

    // Collects what the unit tells about itself, from now on and instead of any other unit. The
    // report lives until the next watch().
    [[nodiscard]] Result<const UnitRun*> watch(const std::string& unit);

    // "done", "failed", "timeout", "canceled", "dependency", "skipped", ...; Failure::not_yet when
    // the deadline passes first.
    [[nodiscard]] Result<std::string> result_of(const std::string& job, const Deadline& deadline);

    // Handles what systemd sends until `settled`; Failure::not_yet when the deadline passes first.
    [[nodiscard]] Result<> wait_until(const std::function<bool()>& settled,
                                      const Deadline& deadline);

  private:
    enum class Peer : std::uint8_t { message_bus, systemd };

    SystemdBus() = default;

    [[nodiscard]] Result<> open(const std::string& address, Peer peer, const Deadline& deadline);
    [[nodiscard]] Result<> subscribe(const Deadline& deadline);
    [[nodiscard]] Result<> find_systemd(const Deadline& deadline);
    [[nodiscard]] Result<SlotHandle> match(const char* path,
                                           const char* interface,
                                           const char* signal,
                                           sd_bus_message_handler_t handler);
    static int on_job_removed(sd_bus_message* signal, void* self, sd_bus_error* error);
    static int on_unit_changed(sd_bus_message* signal, void* self, sd_bus_error* error);

    BusHandle bus_;
    // Its unique name on the message bus, empty on the private socket. Signals are matched by it:
    // on the bus any user may send one that looks like systemd's.
    std::string systemd_;
    SlotHandle jobs_slot_;
    SlotHandle unit_slot_;
    std::map<std::string, std::string> finished_jobs_;
    UnitRun run_;
};

}  // namespace install_cert::consumers
