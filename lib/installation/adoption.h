// SPDX-License-Identifier: Apache-2.0
// What lay at our names before us: kept aside once, and replaced without a moment in which a
// reader finds less, or a mixture.
#pragma once

#include <string>
#include <vector>

#include "foundation/result.h"
#include "installation/site.h"

namespace install_cert::installation {

// To be called before the swap. Copies regular files at configured names to `adopted` (content,
// owner, mode; not the inode, whose disappearance wakes watchers). Where nothing of ours is
// published yet, `current` is then pointed at the copies and the names become links one by one:
// readers find the same content at each step, and the swap that follows changes all at once.
// Says what was adopted.
[[nodiscard]] Result<std::vector<std::string>> adopt(FileSystem& files, const Site& site);

}  // namespace install_cert::installation
