// SPDX-License-Identifier: Apache-2.0
// Finding libsystemd and its functions.
#include "consumers/systemd_library.h"

#include "foundation/shared_library.h"

namespace install_cert::consumers {
namespace {

Result<SystemdLibrary> load() {
    SystemdLibrary systemd{};
    const auto found =
        SharedLibrary("libsystemd.so.0")
            .find("sd_bus_new", systemd.bus_new)
            .find("sd_bus_set_address", systemd.bus_set_address)
            .find("sd_bus_set_bus_client", systemd.bus_set_bus_client)
            .find("sd_bus_set_method_call_timeout", systemd.bus_set_method_call_timeout)
            .find("sd_bus_start", systemd.bus_start)
            .find("sd_bus_is_ready", systemd.bus_is_ready)
            .find("sd_bus_close_unref", systemd.bus_close_unref)
            .find("sd_bus_process", systemd.bus_process)
            .find("sd_bus_wait", systemd.bus_wait)
            .find("sd_bus_call", systemd.bus_call)
            .find("sd_bus_match_signal", systemd.bus_match_signal)
            .find("sd_bus_slot_unref", systemd.bus_slot_unref)
            .find("sd_bus_get_property_string", systemd.bus_get_property_string)
            .find("sd_bus_path_encode", systemd.bus_path_encode)
            .find("sd_bus_error_free", systemd.bus_error_free)
            .find("sd_bus_message_new_method_call", systemd.bus_message_new_method_call)
            .find("sd_bus_message_unref", systemd.bus_message_unref)
            .find("sd_bus_message_append", systemd.bus_message_append)
            .find("sd_bus_message_open_container", systemd.bus_message_open_container)
            .find("sd_bus_message_close_container", systemd.bus_message_close_container)
            .find("sd_bus_message_read", systemd.bus_message_read)
            .find("sd_bus_message_read_basic", systemd.bus_message_read_basic)
            .find("sd_bus_message_enter_container", systemd.bus_message_enter_container)
            .find("sd_bus_message_exit_container", systemd.bus_message_exit_container)
            .find("sd_bus_message_skip", systemd.bus_message_skip)
            .complete();
    if (!found) {
        return fail(Failure::io, found.error().what, "install the package libsystemd0");
    }
    return systemd;
}

}  // namespace

const Result<SystemdLibrary>& load_systemd() {
    static const Result<SystemdLibrary> library = load();
    return library;
}

const SystemdLibrary& systemd() {
    return *load_systemd();
}

}  // namespace install_cert::consumers
