// SPDX-License-Identifier: Apache-2.0
// A consumer's command as our own child, where no systemd can run it (containers, image builds).
#pragma once

#include "consumers/command_run.h"
#include "consumers/service_control.h"

namespace install_cert::consumers {

// Runs it in a session of its own: environment as given, working directory /, no descriptor of
// ours, no core file. When it ends or its time is up, everything that it started and that still
// runs is killed. The last line of its output (of the last 4 KiB) is in the outcome.
[[nodiscard]] ReloadOutcome run_directly(const CommandRun& run);

}  // namespace install_cert::consumers
