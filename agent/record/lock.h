// SPDX-License-Identifier: Apache-2.0
// One turn at a time on a host.
#pragma once

#include <string>

#include "foundation/result.h"
#include "foundation/unique_fd.h"

namespace install_cert::agent {

// Makes `directory` (0700, with its parents 0755) when it is missing.
[[nodiscard]] Result<> make_private_directory(const std::string& directory);

// Held until destruction, or until the process ends in whatever way (flock(2)).
class TurnLock {
  public:
    // Failure::not_yet, with the other's pid, when another instance holds it.
    [[nodiscard]] static Result<TurnLock> take(const std::string& state_directory);

  private:
    explicit TurnLock(UniqueFd fd) : fd_(std::move(fd)) {}

    UniqueFd fd_;
};

}  // namespace install_cert::agent
