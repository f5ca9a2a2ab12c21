// SPDX-License-Identifier: Apache-2.0
// systemd's names on D-Bus and the small change of sd-bus, for the files of SystemdBus.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "foundation/result.h"

namespace install_cert::consumers {

inline constexpr const char* kService = "org.freedesktop.systemd1";
inline constexpr const char* kManagerPath = "/org/freedesktop/systemd1";
inline constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
inline constexpr const char* kUnit = "org.freedesktop.systemd1.Unit";

// Microseconds for sd-bus, never 0, which would mean its own default of 25 s.
[[nodiscard]] inline std::uint64_t micros(std::chrono::milliseconds time) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 1)) * 1000;
}

// `error` is a negative errno value, as sd-bus returns it.
[[nodiscard]] inline std::unexpected<Error> fail_bus(std::string_view task, int error) {
    return fail_errno(Failure::unavailable, task, -error);
}

}  // namespace install_cert::consumers
