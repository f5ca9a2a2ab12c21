// SPDX-License-Identifier: Apache-2.0
#include "consumers/systemd_bus.h"

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <systemd/sd-bus.h>

#include "consumers/bus_handles.h"
#include "consumers/deadline.h"
#include "consumers/systemd_names.h"
#include "foundation/handle.h"
#include "foundation/result.h"
#include "foundation/text.h"

namespace install_cert::consumers {

namespace {

using CString = std::unique_ptr<char, ReleaseWith<std::free>>;

// "/org/freedesktop/systemd1/unit/etcd_2eservice"; empty when memory ends.
std::string object_path(const std::string& unit) {
    char* path = nullptr;
    if (systemd().bus_path_encode("/org/freedesktop/systemd1/unit", unit.c_str(), &path) < 0) {
        return {};
    }
    const CString owned(path);
    return owned.get();
}

// One entry of a{sv} into the report; what is of no interest is skipped.
int read_property(sd_bus_message* signal, UnitRun& run) {
    const char* name = nullptr;
    int read = systemd().bus_message_read_basic(signal, 's', &name);
    if (read < 0) {
        return read;
    }
    const std::string_view property = name;
    const char* text = nullptr;
    if (property == "ActiveState" || property == "Result") {
        read = systemd().bus_message_read(signal, "v", "s", &text);
        if (read >= 0) {
            (property == "Result" ? run.result : run.active) = text;
        }
        return read;
    }
    if (property == "ExecMainCode") {
        return systemd().bus_message_read(signal, "v", "i", &run.code);
    }
    if (property == "ExecMainStatus") {
        return systemd().bus_message_read(signal, "v", "i", &run.status);
    }
    return systemd().bus_message_skip(signal, "v");
}

}  // namespace

Result<MessageHandle> SystemdBus::request(const char* method) {
    sd_bus_message* made = nullptr;
    const int done = systemd().bus_message_new_method_call(
        bus_.get(), &made, kService, kManagerPath, kManager, method);
    if (done < 0) {
        return fail_bus(method, done);
    }
    return MessageHandle(made);
}

Result<MessageHandle> SystemdBus::call(sd_bus_message* request, const Deadline& deadline) {
    BusError error;
    sd_bus_message* reply = nullptr;
    const int done =
        systemd().bus_call(bus_.get(), request, micros(deadline.left()), error.get(), &reply);
    if (done < 0) {
        const std::string text = *error.message() == '\0' ? error.name() : error.message();
        return text.empty() ? fail_bus("systemd", done)
                            : fail(Failure::unavailable, printable(text));
    }
    return MessageHandle(reply);
}

Result<UnitState> SystemdBus::state_of(const std::string& unit, const Deadline& deadline) {
    auto load = request("LoadUnit");
    if (!load) {
        return std::unexpected(std::move(load.error()));
    }
    if (const int done = systemd().bus_message_append(load->get(), "s", unit.c_str()); done < 0) {
        return fail_bus(unit, done);
    }
    auto loaded = call(load->get(), deadline);
    if (!loaded) {
        return std::unexpected(std::move(loaded.error()));
    }
    const char* path = nullptr;
    if (const int done = systemd().bus_message_read(loaded->get(), "o", &path); done < 0) {
        return fail_bus(unit, done);
    }
    UnitState state;
    for (const auto& [property, value] : {std::pair{"LoadState", &state.load},
                                          std::pair{"ActiveState", &state.active},
                                          std::pair{"SubState", &state.sub}}) {
        BusError error;
        char* text = nullptr;
        const int done = systemd().bus_get_property_string(
            bus_.get(), kService, path, kUnit, property, error.get(), &text);
        const CString owned(text);
        if (done < 0) {
            return fail(Failure::unavailable,
                        std::string(property) + ": " + printable(error.message()));
        }
        *value = owned.get();
    }
    return state;
}

Result<std::string> SystemdBus::queue(const char* method,
                                      const std::string& unit,
                                      const Deadline& deadline) {
    auto message = request(method);
    if (!message) {
        return std::unexpected(std::move(message.error()));
    }
    if (const int done =
            systemd().bus_message_append(message->get(), "ss", unit.c_str(), "replace");
        done < 0) {
        return fail_bus(method, done);
    }
    auto reply = call(message->get(), deadline);
    if (!reply) {
        return std::unexpected(std::move(reply.error()));
    }
    const char* job = nullptr;
    if (const int done = systemd().bus_message_read(reply->get(), "o", &job); done < 0) {
        return fail_bus(method, done);
    }
    return std::string(job);
}

Result<const UnitRun*> SystemdBus::watch(const std::string& unit) {
    run_ = {};
    auto slot = match(object_path(unit).c_str(),
                      "org.freedesktop.DBus.Properties",
                      "PropertiesChanged",
                      on_unit_changed);
    if (!slot) {
        return std::unexpected(std::move(slot.error()));
    }
    unit_slot_ = std::move(*slot);
    return &run_;
}

Result<std::string> SystemdBus::result_of(const std::string& job, const Deadline& deadline) {
    if (auto waited = wait_until([&] { return finished_jobs_.contains(job); }, deadline); !waited) {
        return std::unexpected(std::move(waited.error()));
    }
    return finished_jobs_[job];
}

Result<> SystemdBus::wait_until(const std::function<bool()>& settled, const Deadline& deadline) {
    while (!settled()) {
        const int handled = systemd().bus_process(bus_.get(), nullptr);
        if (handled < 0) {
            return fail_bus("systemd's answer", handled);
        }
        if (handled > 0) {
            continue;
        }
        if (deadline.passed()) {
            return fail(Failure::not_yet, "no answer in time");
        }
        const int waited = systemd().bus_wait(bus_.get(), micros(deadline.left()));
        if (waited < 0 && waited != -EINTR) {
            return fail_bus("systemd's answer", waited);
        }
    }
    return {};
}

int SystemdBus::on_job_removed(sd_bus_message* signal, void* self, sd_bus_error* /*error*/) {
    std::uint32_t id = 0;
    const char* job = nullptr;
    const char* unit = nullptr;
    const char* result = nullptr;
    if (systemd().bus_message_read(signal, "uoss", &id, &job, &unit, &result) >= 0) {
        static_cast<SystemdBus*>(self)->finished_jobs_[job] = result;
    }
    return 0;
}

int SystemdBus::on_unit_changed(sd_bus_message* signal, void* self, sd_bus_error* /*error*/) {
    const char* interface = nullptr;
    if (systemd().bus_message_read_basic(signal, 's', &interface) < 0 ||
        systemd().bus_message_enter_container(signal, 'a', "{sv}") < 0) {
        return 0;
    }
    while (systemd().bus_message_enter_container(signal, 'e', "sv") > 0) {
        if (read_property(signal, static_cast<SystemdBus*>(self)->run_) < 0 ||
            systemd().bus_message_exit_container(signal) < 0) {
            return 0;
        }
    }
    return 0;
}

}  // namespace install_cert::consumers
