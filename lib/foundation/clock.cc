// SPDX-License-Identifier: Apache-2.0
#include "foundation/clock.h"

#include <time.h>

namespace install_cert {
namespace {

timespec read(clockid_t clock) {
    timespec value{};
    // Fails only for a clock id the kernel does not know; both of ours are older than any we run
    // on.
    (void)clock_gettime(clock, &value);
    return value;
}

}  // namespace

WallTime SystemClock::now() const {
    return WallTime{std::chrono::seconds{read(CLOCK_REALTIME).tv_sec}};
}

BootTime SystemClock::since_boot() const {
    const timespec value = read(CLOCK_BOOTTIME);
    return std::chrono::seconds{value.tv_sec} +
           std::chrono::milliseconds{value.tv_nsec / 1'000'000};
}

}  // namespace install_cert
