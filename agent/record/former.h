// SPDX-License-Identifier: Apache-2.0
// Sets that a configuration before this one asked for and that still lie on disk. Nobody renews
// them, and nothing deletes them but `remove --former`: a consumer may still read them.
#pragma once

#include <string>
#include <vector>

#include "foundation/result.h"
#include "installation/generation_store.h"
#include "role/role.h"

namespace install_cert::agent {

// What DIRECTORY/former.json and DIRECTORY/recorded.json name beyond `role`, by name and directory.
// A Role as read_recorded() gives it; empty where neither file can be read.
[[nodiscard]] role::Role former_sets(const std::string& directory, const role::Role& role);

// Writes those of them that are still installed to DIRECTORY/former.json, where that would change
// it. To be called before recorded.json is written for `role`. Returns a sentence for each that
// recorded.json still had as the host's own.
[[nodiscard]] Result<std::vector<std::string>> note_former(const std::string& directory,
                                                           const role::Role& role,
                                                           installation::GenerationStore& store);

}  // namespace install_cert::agent
