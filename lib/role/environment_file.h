// SPDX-License-Identifier: Apache-2.0
// The KEY=VALUE files that systemd, cloud-init and CoreOS write.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace install_cert::role {

using Environment = std::map<std::string, std::string, std::less<>>;

// Reads as systemd.exec(5) does for EnvironmentFile=: comments begin with # or ;, a value may be
// quoted, a line that is no assignment is ignored, and a later assignment wins over one that is
// already in `environment`.
void read_environment(std::string_view content, Environment& environment);

}  // namespace install_cert::role
