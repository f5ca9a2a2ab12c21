// SPDX-License-Identifier: Apache-2.0
// A point in time that a wait does not outlast.
#pragma once

#include <algorithm>
#include <chrono>

namespace install_cert::consumers {

class Deadline {
  public:
    explicit Deadline(std::chrono::milliseconds from_now)
        : end_(std::chrono::steady_clock::now() + from_now) {}

    // Never negative.
    [[nodiscard]] std::chrono::milliseconds left() const {
        const auto rest =
            std::chrono::ceil<std::chrono::milliseconds>(end_ - std::chrono::steady_clock::now());
        return std::max(rest, std::chrono::milliseconds{0});
    }

    [[nodiscard]] bool passed() const { return left().count() == 0; }

  private:
    std::chrono::steady_clock::time_point end_;
};

}  // namespace install_cert::consumers
