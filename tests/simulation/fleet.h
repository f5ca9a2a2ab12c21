// SPDX-License-Identifier: Apache-2.0
// Many hosts and one Vault: what arrives there, in the worst second, the worst minute, and on
// average.
#pragma once

#include <cstdint>
#include <string_view>

namespace install_cert::simulation {

// Runs the fleet of this name, or every one where it is empty; prints the rates. False when one of
// them is beyond its bound.
[[nodiscard]] bool run_fleets(std::string_view name, std::uint64_t hosts, std::size_t processes);

}  // namespace install_cert::simulation
