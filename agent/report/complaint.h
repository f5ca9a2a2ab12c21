// SPDX-License-Identifier: Apache-2.0
// What goes on failing turn after turn is said once, again when it changes, and now and then.
#pragma once

#include <string>

#include "foundation/clock.h"

namespace install_cert::agent {

inline constexpr std::chrono::hours kComplaintRepeats{1};

// Whether `text` is to be said now: true for another text than the last one, and for the same one
// after kComplaintRepeats. Notes in DIRECTORY/complaint what is said; where it cannot, it is said.
[[nodiscard]] bool is_worth_saying(const std::string& directory,
                                   const std::string& text,
                                   WallTime now);

// All is well: the next complaint is a new one.
void forget_complaint(const std::string& directory);

}  // namespace install_cert::agent
