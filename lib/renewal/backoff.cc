// SPDX-License-Identifier: Apache-2.0
#include "renewal/backoff.h"

#include <algorithm>
#include <cstdint>

namespace install_cert::renewal {
namespace {

struct Range {
    std::chrono::milliseconds first;
    std::chrono::milliseconds cap;
};

Range range_of(Failure kind) {
    using namespace std::chrono_literals;
    switch (kind) {
        case Failure::rejected:
        case Failure::config:
        case Failure::usage:
            return {.first = 60s, .cap = 5min};
        case Failure::denied:  // a token may be replaced at any moment, and is read afresh each
                               // time
        case Failure::unavailable:
        case Failure::not_yet:
        case Failure::io:
        case Failure::cannot_write:
            break;
    }
    return {.first = 1s, .cap = 60s};
}

}  // namespace

std::chrono::milliseconds retry_delay(const FailedAttempt& failed, double random) {
    const Range range = range_of(failed.kind);
    constexpr unsigned doublings = 10;  // 2^10 times the first delay is past every cap
    const unsigned exponent = std::min(failed.attempt == 0 ? 0 : failed.attempt - 1, doublings);
    const auto full = std::min(range.first * (std::int64_t{1} << exponent), range.cap);
    const auto jittered = std::chrono::milliseconds{
        static_cast<std::int64_t>(static_cast<double>(full.count()) * (0.5 + random / 2))};
    if (failed.retry_after) {
        // A little above the floor, so that a throttled fleet does not come back in one instant.
        // What we would have waited anyway stays: many servers say "1 s" whatever their load.
        return std::max(jittered, std::chrono::milliseconds{*failed.retry_after} + jittered / 10);
    }
    return jittered;
}

std::chrono::seconds routine_delay(std::chrono::seconds longest, double random) {
    const std::chrono::duration<double> wait = longest * (1 - random / 5);
    return std::chrono::ceil<std::chrono::seconds>(wait);
}

}  // namespace install_cert::renewal
