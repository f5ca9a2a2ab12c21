// SPDX-License-Identifier: Apache-2.0
// A consumer's command as a transient unit of systemd, so that our sandbox does not bind it and its
// whole control group dies with it.
#pragma once

#include "consumers/command_run.h"
#include "consumers/service_control.h"
#include "consumers/systemd_bus.h"

namespace install_cert::consumers {

// Runs it as install_cert-hook-XXXX.service, its output in the journal, and waits until nothing of
// it is left: its timeout and a few seconds for the killing at most.
[[nodiscard]] ReloadOutcome run_as_unit(SystemdBus& bus, const CommandRun& run);

}  // namespace install_cert::consumers
