// SPDX-License-Identifier: Apache-2.0
// The only logger: what came of a turn, one entry for each outcome, with structured fields and a
// message id that journalctl -x explains (install_cert.catalog). To the journal where systemd
// connected us to it, else as lines on stderr.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "agent/turn/turn.h"
#include "foundation/result.h"

namespace install_cert::agent {

void journal_turn(const TurnReport& report);
// Whether every set is valid, where this turn may have changed it. Of a turn about all
// certificates.
enum class Occasion : std::uint8_t { start, later };
void journal_readiness(const TurnReport& report, Occasion occasion);
void journal_clock_step();
// Something outside any certificate failed.
void journal_failure(const Error& error);
// The configuration cannot be used at all.
void journal_configuration(const std::vector<Error>& errors);
// A new configuration was refused at a SIGHUP, or has to wait, and the running one is kept.
void journal_rejected_configuration(const std::vector<Error>& errors);

// Entries of this process that the journal did not take (journal_socket.h).
[[nodiscard]] std::size_t journal_dropped();

}  // namespace install_cert::agent
