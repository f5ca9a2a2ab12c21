// SPDX-License-Identifier: Apache-2.0
// A Clock that moves only when a test says so; both of its times move together.
#pragma once

#include <chrono>

#include "foundation/clock.h"

namespace install_cert::testing {

class ManualClock final : public Clock {
  public:
    // 2026-01-01T00:00:00Z, an hour after boot.
    explicit ManualClock(WallTime now = WallTime{std::chrono::seconds{1'767'225'600}})
        : now_(now), since_boot_(std::chrono::hours{1}) {}

    [[nodiscard]] WallTime now() const override {
        return now_ + std::chrono::floor<std::chrono::seconds>(passed_);
    }

    [[nodiscard]] BootTime since_boot() const override { return since_boot_ + passed_; }

    void advance(BootTime by) { passed_ += by; }

    void advance_to(BootTime then) {
        if (then > since_boot()) {
            advance(then - since_boot());
        }
    }

    // The wall clock alone, as date(1) or a time server sets it.
    void set_wall(WallTime now) { now_ = now - std::chrono::floor<std::chrono::seconds>(passed_); }

  private:
    WallTime now_;
    BootTime since_boot_;
    BootTime passed_{0};
};

}  // namespace install_cert::testing
