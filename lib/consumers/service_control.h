// SPDX-License-Identifier: Apache-2.0
// The port to whatever runs the consumers.
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "foundation/result.h"
#include "role/role.h"

namespace install_cert::consumers {

// What became of one consumer.
enum class ReloadState : std::uint8_t {
    done,         // the job ended well, or the command exited 0
    not_running,  // the unit is inactive: it reads its files when it starts
    missing,      // no such unit, or masked: remarked, owed no longer
    failed,       // owed still
};

struct ReloadOutcome {
    ReloadState state = ReloadState::failed;
    std::string what;  // the job's result, exit status and the output's last line, printable()
};

// What a command learns, in its environment beside PATH and LANG.
struct ReloadContext {
    std::vector<std::string> certificates;  // INSTALL_CERT_NAMES, joined by spaces
};

class ServiceControl {
  public:
    virtual ~ServiceControl() = default;
    // Reloads, restarts or runs `consumer` and waits for the result, at most its timeout; then
    // whatever it started is killed.
    [[nodiscard]] virtual ReloadOutcome reload(const role::Consumer& consumer,
                                               const ReloadContext& context) = 0;
    // For `check`: whether the unit is known. Failure::unavailable: systemd cannot be asked.
    [[nodiscard]] virtual Result<bool> knows(const std::string& unit) = 0;
};

}  // namespace install_cert::consumers
