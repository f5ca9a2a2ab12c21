// SPDX-License-Identifier: Apache-2.0
// Where the daemon's sandbox lets it write, read off its unit (systemd.exec(5), ReadWritePaths=):
// for who asks before the daemon runs into it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace install_cert::agent {

// The directories that install_cert.service and its drop-ins below `root` open; nullopt where no
// such unit is installed, or where it does not close the others (ProtectSystem=strict).
[[nodiscard]] std::optional<std::vector<std::string>> writable_directories(const std::string& root);

// The settings of `texts`, a unit and then its drop-ins, in the order in which systemd reads them.
[[nodiscard]] std::optional<std::vector<std::string>> writable_directories_of(
    const std::vector<std::string>& texts);

// Whether `directory` is one of `opened`, or lies below one.
[[nodiscard]] bool is_within(std::string_view directory, const std::vector<std::string>& opened);

// What opens `directory` to the daemon.
[[nodiscard]] std::string sandbox_drop_in(const std::string& directory);

}  // namespace install_cert::agent
