// SPDX-License-Identifier: Apache-2.0
// What a process that will hold secrets does to itself first, and how it ends without memory.
#pragma once

#include "foundation/secret.h"

namespace install_cert::agent {

// No core file, no ptrace by the same user, /proc/self root's (prctl(2), PR_SET_DUMPABLE).
void become_undumpable();

// An allocation of ours that fails ends the process with a line on stderr and Failure::io's code:
// at any instruction, as a crash would, which is what the installed sets are safe against.
void end_when_out_of_memory();

// VAULT_TOKEN or BAO_TOKEN (which wins), taken out of the environment and overwritten there.
[[nodiscard]] Secret take_token_from_environment();

}  // namespace install_cert::agent
