// SPDX-License-Identifier: Apache-2.0
// What people read: errors on stderr as `install-cert: what: why` with the way out, colour on a
// terminal.
#pragma once

#include <string>
#include <vector>

#include "agent/report/health.h"
#include "agent/turn/turn.h"
#include "foundation/result.h"

namespace install_cert::agent {

[[nodiscard]] Colour colour_of_stdout();
void say(const std::string& text);
void warn(const std::string& text);
// Says it, and returns what to exit with.
int complain(const Error& error);
// Of a configuration all errors are said. What a booting host may not have yet is 78 too.
int complain(const std::vector<Error>& errors);

// One line for each certificate and each reload; failures go to stderr.
void say(const TurnReport& report, WallTime now);
// What a turn would do.
void say_plan(const std::vector<renewal::Decision>& decisions);

}  // namespace install_cert::agent
