// SPDX-License-Identifier: Apache-2.0
// Many independent tasks on all processors, each in a process of its own making.
#pragma once

#include <cstddef>
#include <functional>

#include "simulation/host.h"

namespace install_cert::simulation {

// What a process found, added up over its tasks.
struct Share {
    Counts counts;
    double seconds = 0;  // of CPU
    std::size_t done = 0;
    std::size_t broken = 0;  // tasks in which a promise was broken
};

[[nodiscard]] std::size_t processors();

// Runs `task` for 0, 1, ... `tasks` - 1 in `processes` processes, in no particular order between
// them; none is begun after one that found something broken.
[[nodiscard]] Share in_processes(std::size_t processes,
                                 std::size_t tasks,
                                 const std::function<void(std::size_t task, Share& share)>& task);

// Of this process.
[[nodiscard]] double cpu_seconds();

}  // namespace install_cert::simulation
