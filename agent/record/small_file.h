// SPDX-License-Identifier: Apache-2.0
// The agent's own small files (state, recorded sets, accepted configuration), replaced whole.
#pragma once

#include <string>
#include <string_view>

#include "foundation/result.h"

namespace install_cert::agent {

// Temporary file beside it (0600), then rename: a reader sees the old or the new one. Not synced.
[[nodiscard]] Result<> replace_file(const std::string& path, std::string_view bytes);

// The same for what must not be lost: synced, its name too, and only where it would change.
[[nodiscard]] Result<> keep_file(const std::string& path, std::string_view bytes);

// Takes away what a crash left of either at this path. For whoever holds the turn's lock.
void drop_unfinished(const std::string& path);

}  // namespace install_cert::agent
