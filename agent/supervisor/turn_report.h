// SPDX-License-Identifier: Apache-2.0
// What a worker tells the supervisor when its turn is over: a few lines on a pipe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foundation/clock.h"

namespace install_cert::supervisor {

// The descriptor on which a worker finds the pipe.
inline constexpr int kReportDescriptor = 3;
// A report is far smaller; more than this is not ours.
inline constexpr std::size_t kReportLimit = 4096;

struct TurnReport {
    int exit_code = 0;
    bool again = false;  // what it was asked for is not done: to be tried again as it was asked
    bool valid = false;  // every set on disk serves its consumers
    WallTime next_wake;  // when the next turn is due
    std::string status;  // one line for `systemctl status`

    bool operator==(const TurnReport&) const = default;
};

[[nodiscard]] std::string to_text(const TurnReport& report);
// nullopt for anything that to_text() did not write whole: a worker that died while writing it.
[[nodiscard]] std::optional<TurnReport> parse_report(std::string_view text);

}  // namespace install_cert::supervisor
