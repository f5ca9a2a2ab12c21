// SPDX-License-Identifier: Apache-2.0
// How long to wait after a failure: by what failed, not by how often we would like to try.
#pragma once

#include <chrono>
#include <optional>

#include "foundation/result.h"

namespace install_cert::renewal {

struct FailedAttempt {
    Failure kind;
    unsigned attempt;  // 1 for the first failure in a row
    std::optional<std::chrono::seconds> retry_after{};
};

// retry_delay() gives no more: a try that is further ahead was put off before the clock was set
// back.
inline constexpr std::chrono::seconds kLongestRetryDelay =
    kLongestRetryAfter + std::chrono::seconds{30};

// What passes by itself (Vault away, sealed, throttled, token or CA file not there yet, disk full):
// doubling from 1 s, capped at 60 s, with full jitter over the upper half. What waits for somebody
// (a refused request, the configuration): from 60 s to 5 min. The server's Retry-After is the
// floor. `random` is uniform in [0, 1).
[[nodiscard]] std::chrono::milliseconds retry_delay(const FailedAttempt& failed, double random);

// A routine wait: `longest`, or up to a fifth less, so that hosts that began together do not come
// back together for ever. `random` is uniform in [0, 1).
[[nodiscard]] std::chrono::seconds routine_delay(std::chrono::seconds longest, double random);

}  // namespace install_cert::renewal
