// SPDX-License-Identifier: Apache-2.0
// libsystemd, loaded when a consumer is about to be reloaded: with what it brings it is 1 MiB of a
// turn's memory, and most turns reload nothing.
#pragma once

#include <systemd/sd-bus.h>

#include "foundation/result.h"

namespace install_cert::consumers {

// The functions we use, under their names without `sd_`.
struct SystemdLibrary {
    decltype(&sd_bus_new) bus_new;
    decltype(&sd_bus_set_address) bus_set_address;
    decltype(&sd_bus_set_bus_client) bus_set_bus_client;
    decltype(&sd_bus_set_method_call_timeout) bus_set_method_call_timeout;
    decltype(&sd_bus_start) bus_start;
    decltype(&sd_bus_is_ready) bus_is_ready;
    decltype(&sd_bus_close_unref) bus_close_unref;
    decltype(&sd_bus_process) bus_process;
    decltype(&sd_bus_wait) bus_wait;
    decltype(&sd_bus_call) bus_call;
    decltype(&sd_bus_match_signal) bus_match_signal;
    decltype(&sd_bus_slot_unref) bus_slot_unref;
    decltype(&sd_bus_get_property_string) bus_get_property_string;
    decltype(&sd_bus_path_encode) bus_path_encode;
    decltype(&sd_bus_error_free) bus_error_free;
    decltype(&sd_bus_message_new_method_call) bus_message_new_method_call;
    decltype(&sd_bus_message_unref) bus_message_unref;
    decltype(&sd_bus_message_append) bus_message_append;
    decltype(&sd_bus_message_open_container) bus_message_open_container;
    decltype(&sd_bus_message_close_container) bus_message_close_container;
    decltype(&sd_bus_message_read) bus_message_read;
    decltype(&sd_bus_message_read_basic) bus_message_read_basic;
    decltype(&sd_bus_message_enter_container) bus_message_enter_container;
    decltype(&sd_bus_message_exit_container) bus_message_exit_container;
    decltype(&sd_bus_message_skip) bus_message_skip;
};

// Once for the process, at the first call. Failure::io where it is missing.
[[nodiscard]] const Result<SystemdLibrary>& load_systemd();

// For those who can only be there because load_systemd() has succeeded.
[[nodiscard]] const SystemdLibrary& systemd();

}  // namespace install_cert::consumers
