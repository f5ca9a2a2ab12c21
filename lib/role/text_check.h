// SPDX-License-Identifier: Apache-2.0
// What can be wrong with a configuration text before any YAML is read from it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "role/diagnostics.h"

namespace install_cert::role {

// A hand-written configuration has a few KiB; 200 certificates have 80.
inline constexpr std::size_t kTextLimit = std::size_t{1} << 20;

// The text without its byte order mark, with every tab reported; nullopt (reported) for one that is
// too long, not UTF-8, or holds control characters.
[[nodiscard]] std::optional<std::string_view> checked_text(const Source& source,
                                                           std::string_view text,
                                                           Diagnostics& diagnostics);

// Line and column (in characters) of the byte at `offset`, both from 1.
[[nodiscard]] Mark mark_at(const Source& source, std::string_view text, std::size_t offset);

}  // namespace install_cert::role
