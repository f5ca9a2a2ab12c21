// SPDX-License-Identifier: Apache-2.0
#include "renewal/budget.h"

#include <algorithm>
#include <vector>

namespace install_cert::renewal {

WallTime next_request_at(const Spending& spending, Asker asker, WallTime now) {
    using namespace std::chrono_literals;
    std::vector<WallTime> past;
    std::ranges::copy_if(
        spending.requests, std::back_inserter(past), [&](WallTime at) { return at <= now; });
    if (past.empty()) {
        return now;
    }
    std::ranges::sort(past);
    if (asker != Asker::schedule) {
        return std::max(now, past.back() + kExemptSpacing);
    }
    if (past.size() < kRequestsPerWindow) {
        return now;
    }
    const std::chrono::seconds window =
        spending.lifetime > 0s ? std::min<std::chrono::seconds>(1h, spending.lifetime) : 1h;
    return std::max(now, past[past.size() - kRequestsPerWindow] + window);
}

}  // namespace install_cert::renewal
