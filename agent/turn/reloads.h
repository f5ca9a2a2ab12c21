// SPDX-License-Identifier: Apache-2.0
// Pays what consumers are owed: one reload for each and turn; what fails stays owed, on disk.
#pragma once

#include <span>
#include <vector>

#include "agent/record/state.h"
#include "agent/turn/candidate.h"
#include "agent/turn/turn_context.h"

namespace install_cert::agent {

// Reads back what is published now, compares it with what each consumer acknowledged, and reloads
// those whose time has come. A failed one is tried again at the time that state names, without
// issuing again.
[[nodiscard]] std::vector<ReloadReport> pay_reloads(const TurnContext& turn);

// Consumers of `spec` that are owed a reload for what is installed, for status.
[[nodiscard]] std::vector<std::string> reloads_owed(const role::CertificateSpec& spec,
                                                    const installation::InstalledSet& installed,
                                                    const CertificateState& state);

}  // namespace install_cert::agent
