// SPDX-License-Identifier: Apache-2.0
// How an errno value of the disk becomes a failure with a path in front.
#pragma once

#include <string>

#include "foundation/result.h"
#include "installation/file_system.h"

namespace install_cert::installation {

// cannot_write (a destination that an operator must put right) unless the device or this process
// is at fault: io.
[[nodiscard]] Failure kind_of(std::errc cause);

[[nodiscard]] std::unexpected<Error> refused(const std::string& path, std::errc cause);
[[nodiscard]] std::unexpected<Error> refused(const std::string& path, const std::string& why);

// "0640"
[[nodiscard]] std::string octal(mode_t mode);

}  // namespace install_cert::installation
