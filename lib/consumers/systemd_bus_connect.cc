// SPDX-License-Identifier: Apache-2.0
// How SystemdBus finds systemd: the message bus, else the private socket.
#include <algorithm>
#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <utility>

#include <systemd/sd-bus.h>

#include "consumers/bus_handles.h"
#include "consumers/deadline.h"
#include "consumers/systemd_bus.h"
#include "consumers/systemd_names.h"
#include "foundation/result.h"

namespace install_cert::consumers {

namespace {

// A message bus that hangs must leave time for the private socket.
constexpr std::chrono::milliseconds kBusPatience{5000};

}  // namespace

Result<std::unique_ptr<SystemdBus>> SystemdBus::connect(const BusAddresses& addresses,
                                                        const Deadline& deadline) {
    if (const auto& loaded = load_systemd(); !loaded) {
        return std::unexpected(loaded.error());
    }
    std::unique_ptr<SystemdBus> bus(new SystemdBus);
    const Deadline soon(std::min(kBusPatience, deadline.left() / 2));
    auto opened = bus->open(addresses.system_bus, Peer::message_bus, soon);
    if (opened) {
        return bus;
    }
    bus.reset(new SystemdBus);
    if (bus->open(addresses.private_socket, Peer::systemd, deadline)) {
        return bus;
    }
    return while_doing("asking systemd over D-Bus", std::move(opened.error()));
}

Result<> SystemdBus::open(const std::string& address, Peer peer, const Deadline& deadline) {
    sd_bus* bus = nullptr;
    if (const int made = systemd().bus_new(&bus); made < 0) {
        return fail_bus("connecting", made);
    }
    bus_.reset(bus);
    int done = systemd().bus_set_address(bus, address.c_str());
    if (done >= 0 && peer == Peer::message_bus) {
        done = systemd().bus_set_bus_client(bus, 1);
    }
    if (done >= 0) {
        done = systemd().bus_set_method_call_timeout(bus, micros(deadline.left()));
    }
    if (done >= 0) {
        done = systemd().bus_start(bus);
    }
    if (done < 0) {
        return fail_bus(address, done);
    }
    // Otherwise the first call would wait for the handshake for as long as sd-bus likes.
    if (auto ready = wait_until([bus] { return systemd().bus_is_ready(bus) > 0; }, deadline);
        !ready) {
        return while_doing(address, std::move(ready.error()));
    }
    if (peer == Peer::message_bus) {
        if (auto found = find_systemd(deadline); !found) {
            return found;
        }
    }
    return subscribe(deadline);
}

Result<> SystemdBus::find_systemd(const Deadline& deadline) {
    sd_bus_message* made = nullptr;
    int done = systemd().bus_message_new_method_call(bus_.get(),
                                                     &made,
                                                     "org.freedesktop.DBus",
                                                     "/org/freedesktop/DBus",
                                                     "org.freedesktop.DBus",
                                                     "GetNameOwner");
    const MessageHandle request(made);
    if (done >= 0) {
        done = systemd().bus_message_append(made, "s", kService);
    }
    if (done < 0) {
        return fail_bus("finding systemd on the bus", done);
    }
    auto reply = call(made, deadline);
    if (!reply) {
        return while_doing("finding systemd on the bus", std::move(reply.error()));
    }
    const char* owner = nullptr;
    done = systemd().bus_message_read(reply->get(), "s", &owner);
    if (done < 0) {
        return fail_bus("finding systemd on the bus", done);
    }
    systemd_ = owner;
    return {};
}

Result<> SystemdBus::subscribe(const Deadline& deadline) {
    auto slot = match(kManagerPath, kManager, "JobRemoved", on_job_removed);
    if (!slot) {
        return std::unexpected(std::move(slot.error()));
    }
    jobs_slot_ = std::move(*slot);
    auto message = request("Subscribe");
    if (!message) {
        return std::unexpected(std::move(message.error()));
    }
    if (auto reply = call(message->get(), deadline); !reply) {
        return while_doing("subscribing to systemd's signals", std::move(reply.error()));
    }
    return {};
}

Result<SlotHandle> SystemdBus::match(const char* path,
                                     const char* interface,
                                     const char* signal,
                                     sd_bus_message_handler_t handler) {
    sd_bus_slot* slot = nullptr;
    const char* sender = systemd_.empty() ? nullptr : systemd_.c_str();
    const int done = systemd().bus_match_signal(
        bus_.get(), &slot, sender, path, interface, signal, handler, this);
    if (done < 0) {
        return fail_bus("waiting for systemd's signals", done);
    }
    return SlotHandle(slot);
}

}  // namespace install_cert::consumers
