// SPDX-License-Identifier: Apache-2.0
// What a traced run is to suffer, as its command line says it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace install_cert::tracer {

enum class Lasting : std::uint8_t { once, forever };

// From the `when`-th call on (of those that are counted), this call fails with `error_number`; 0
// lets it transfer one byte instead.
struct Fault {
    std::uint64_t number = 0;
    std::uint64_t when = 1;
    Lasting lasting = Lasting::once;
    int error_number = 0;
};

// The call with which counting begins.
struct Start {
    std::uint64_t number = 0;
    std::uint64_t when = 1;
    std::string path;  // is contained in the call's
};

struct Plan {
    std::optional<Start> from;  // nullopt: from the beginning
    std::uint64_t kill_at = 0;  // SIGKILL to all at this stop; 0: never
    std::optional<Fault> fault;
    std::string log;             // a file for one line a stop; empty: none
    bool lockstep = false;       // wait at each counted stop for a byte on descriptor 0
    std::vector<char*> program;  // null-terminated
};

// nullopt for a command line that makes no sense.
std::optional<Plan> plan_from(std::span<char*> arguments);

}  // namespace install_cert::tracer
