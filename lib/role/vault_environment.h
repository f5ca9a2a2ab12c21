// SPDX-License-Identifier: Apache-2.0
// VAULT_* and BAO_* variables as the lowest layer of the configuration.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "role/diagnostics.h"
#include "role/document.h"
#include "role/load.h"

namespace install_cert::role {

// Names the variable that has a value, BAO_ before VAULT_: "BAO_ADDR" for "ADDR".
[[nodiscard]] std::optional<std::string> set_variable(const HostLookup& host,
                                                      std::string_view suffix);

// {vault: {address: ...}} with what the environment says. Each variable becomes a source of its own
// in `sources`, so that an error names it.
[[nodiscard]] Node vault_environment(const HostLookup& host, std::deque<Source>& sources);

}  // namespace install_cert::role
