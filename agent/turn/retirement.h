// SPDX-License-Identifier: Apache-2.0
// Removes superseded generations once their grace is over, without making the caller wait.
#pragma once

#include <vector>

#include "installation/generation_store.h"

namespace install_cert::agent {

// Leaves the removal to a child in a session of its own that holds none of our descriptors. Best
// effort: where it is killed, the next turn collects what it left. Secrets of this process must be
// wiped before: the child inherits its memory.
void retire_after_grace(installation::GenerationStore& store,
                        const std::vector<installation::Superseded>& superseded);

}  // namespace install_cert::agent
