// SPDX-License-Identifier: Apache-2.0
// Holds consumers until every recorded set on disk serves: `status --wait`,
// install_cert-ready.service.
#pragma once

#include "agent/options.h"

namespace install_cert::agent {

// Returns 0, however long it takes; at once on a host without a configuration. Judges the sets that
// the last turn recorded, so that a configuration that was broken since, or that asks for an
// address the host does not have yet, holds nobody. Woken by changes in the directories that
// matter, asks nobody.
[[nodiscard]] int wait_until_ready(const Options& options);

}  // namespace install_cert::agent
