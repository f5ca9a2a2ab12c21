// SPDX-License-Identifier: Apache-2.0
// The KEY=VALUE files that systemd, cloud-init and CoreOS write.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace install_cert::role {

using Environment = std::map<std::string, std::string, std::less<>>;

// After systemd.exec(5), EnvironmentFile=: comments begin with # or ;, a value may be quoted, a
// line that is no assignment is ignored, and a later assignment wins over one that is already in
// `environment`. As files for a shell are met too, "export " may stand before a name. A backslash
// keeps its meaning only between double quotes, and no line is continued on the next one.
void read_environment(std::string_view content, Environment& environment);

}  // namespace install_cert::role
