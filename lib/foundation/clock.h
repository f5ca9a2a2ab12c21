// SPDX-License-Identifier: Apache-2.0
// Two clocks by purpose: the wall clock for decisions about certificates, the boot-time clock
// (CLOCK_BOOTTIME, counts through suspend) for intervals.
#pragma once

#include <chrono>

namespace install_cert {

using WallTime = std::chrono::sys_seconds;
using BootTime = std::chrono::duration<std::int64_t, std::milli>;  // since boot

class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual WallTime now() const = 0;
    [[nodiscard]] virtual BootTime since_boot() const = 0;
};

class SystemClock final : public Clock {
  public:
    [[nodiscard]] WallTime now() const override;
    [[nodiscard]] BootTime since_boot() const override;
};

}  // namespace install_cert
