// SPDX-License-Identifier: Apache-2.0
// The `files` of a certificate: names and modes.
#pragma once

#include <string>
#include <string_view>

#include "role/role.h"
#include "role/section.h"

namespace install_cert::role {

// `certificate` is the section that holds `files`.
[[nodiscard]] Files read_files(const Section& certificate);

// Why this cannot be the name of an installed file, or empty.
[[nodiscard]] std::string fault_of_file_name(std::string_view name);

}  // namespace install_cert::role
