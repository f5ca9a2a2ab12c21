// SPDX-License-Identifier: Apache-2.0
// The short-lived process that runs one turn: started, listened to, killed when it takes too long.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "agent/supervisor/agenda.h"
#include "agent/supervisor/turn_report.h"
#include "foundation/clock.h"
#include "foundation/result.h"
#include "foundation/unique_fd.h"

namespace install_cert::supervisor {

// How to start a worker: everything but what differs between turns.
struct Program {
    std::string path;                    // of install-cert
    std::vector<std::string> arguments;  // --config, --root, ... as the supervisor was started with
};

// A turn bounds itself by its time-out and its consumers' time-outs; this is for one that hangs all
// the same, in an fsync or in getaddrinfo.
inline constexpr std::chrono::minutes kWorkerLimit{30};

struct Worker {
    pid_t pid = -1;
    UniqueFd pidfd;  // becomes readable when the worker ends
    UniqueFd pipe;   // its report
    BootTime killed_at;

    // In a process group of its own, with an empty signal mask. Failure::io where no process can be
    // made.
    [[nodiscard]] static Result<Worker> start(const Program& program,
                                              const TurnOrder& order,
                                              const Clock& clock);

    // Ends the worker and what is left of its group.
    void kill() const;
    // Reaps it, and reads what it reported; nullopt when it died on the way.
    [[nodiscard]] std::optional<TurnReport> finish();
};

}  // namespace install_cert::supervisor
