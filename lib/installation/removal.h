// SPDX-License-Identifier: Apache-2.0
// Taking away what is ours by name, and nothing else.
#pragma once

#include <string>

#include "foundation/result.h"
#include "installation/site.h"

namespace install_cert::installation {

// A generation (or `adopted`, or a probe): its files, then the directory. Never called for the
// current one. What is gone already is removed, and so is what has the name and is no directory.
[[nodiscard]] Result<> remove_generation(FileSystem& files,
                                         const Site& site,
                                         const std::string& name);

}  // namespace install_cert::installation
