// SPDX-License-Identifier: Apache-2.0
// A consumer's command as it is to be run, by whichever means.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "consumers/service_control.h"

namespace install_cert::consumers {

struct CommandRun {
    std::vector<std::string> argv;         // argv[0] is absolute; no shell reads it
    std::vector<std::string> environment;  // all of it, as NAME=VALUE
    std::chrono::seconds timeout;
};

// PATH, LANG and INSTALL_CERT_NAMES: nothing of ours is inherited.
[[nodiscard]] std::vector<std::string> command_environment(const ReloadContext& context);

}  // namespace install_cert::consumers
