// SPDX-License-Identifier: Apache-2.0
// The configuration that was last found good, kept beside the state: the daemon's turns run with it
// until a SIGHUP brings a good one again, and the gate judges the sets that it names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/result.h"
#include "role/load.h"

namespace install_cert::agent {

// The texts as they were read; `role_file` was asked for at most once.
struct SourceTexts {
    role::Text host;
    std::vector<role::Text> drop_ins;
    std::optional<role::Text> role;
};

[[nodiscard]] role::Sources sources_of(const SourceTexts& texts);

[[nodiscard]] std::string to_json(const SourceTexts& texts);
// Failure::io for anything but our own JSON.
[[nodiscard]] Result<SourceTexts> texts_from_json(std::string_view json);

// DIRECTORY/accepted.json. Written only where it would change.
[[nodiscard]] Result<> write_accepted(const std::string& directory, const SourceTexts& texts);
// Failure::not_yet when none was accepted yet.
[[nodiscard]] Result<SourceTexts> read_accepted(const std::string& directory);

}  // namespace install_cert::agent
