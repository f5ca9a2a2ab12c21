// SPDX-License-Identifier: Apache-2.0
// Which sets this host holds and where, as the last turn knew it: what the gate judges by, since at
// boot the configuration may ask for facts (an address, a user) that the host does not have yet.
#pragma once

#include <string>
#include <string_view>

#include "foundation/result.h"
#include "role/role.h"

namespace install_cert::agent {

// DIRECTORY/recorded.json. Written only where it would change.
[[nodiscard]] Result<> write_recorded(const std::string& directory, const role::Role& role);
// A Role that names sets, their places, owners and files, and nothing that is asked of anybody.
// Failure::not_yet when no turn was run yet, Failure::io for anything but our own JSON.
[[nodiscard]] Result<role::Role> read_recorded(const std::string& directory);

[[nodiscard]] std::string recorded_json(const role::Role& role);
[[nodiscard]] Result<role::Role> recorded_role(std::string_view json);

}  // namespace install_cert::agent
