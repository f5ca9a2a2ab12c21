// SPDX-License-Identifier: Apache-2.0
// The cap on issue requests that nothing local may break: a full disk must never become a storm at
// Vault.
#pragma once

#include <chrono>
#include <span>

#include "foundation/clock.h"

namespace install_cert::renewal {

inline constexpr std::size_t kRequestsPerWindow = 10;
// Between the requests that the budget does not count: a boot's and an operator's.
inline constexpr std::chrono::seconds kExemptSpacing{10};

// Who asks.
enum class Asker : std::uint8_t { schedule, boot, person };

struct Spending {
    std::span<const WallTime> requests;  // of one certificate, oldest first
    std::chrono::seconds lifetime;       // of its certificates; 0 when none was ever installed
};

// The first moment, `now` or later, at which one more request fits: at most kRequestsPerWindow in
// any window of an hour (of a lifetime, where that is shorter); for a boot or a person
// kExemptSpacing after the last one. Requests dated after `now` (the clock was set back) do not
// count.
[[nodiscard]] WallTime next_request_at(const Spending& spending, Asker asker, WallTime now);

}  // namespace install_cert::renewal
