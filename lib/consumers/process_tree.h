// SPDX-License-Identifier: Apache-2.0
// Who descends from us: what a command leaves behind in sessions of its own comes to us as orphans.
#pragma once

#include <sys/types.h>

#include <set>

namespace install_cert::consumers {

// From /proc; empty where it cannot be read.
[[nodiscard]] std::set<pid_t> children_of(pid_t parent);

// From now on, orphans among our descendants become our children instead of init's.
void adopt_orphans();

// Kills and reaps our children, generation by generation as killed parents leave them to us, but
// for `spared`.
void kill_children_except(const std::set<pid_t>& spared);

}  // namespace install_cert::consumers
