// SPDX-License-Identifier: Apache-2.0
#include "agent/record/state.h"

#include "agent/record/small_file.h"
#include "host/files.h"

namespace install_cert::agent {
namespace {

// Ten thousand certificates with their consumers; read whole, it must fit into the daemon's
// MemoryMax=.
constexpr std::size_t kStateLimit = std::size_t{16} << 20;

}  // namespace

Result<State> known_state(const std::string& directory) {
    const auto text = host::read_text(directory + "/state.json", kStateLimit);
    if (!text && text.error().kind != Failure::not_yet) {
        return std::unexpected(text.error());
    }
    return text ? state_from_json(*text) : State{};
}

State read_state(const std::string& directory) {
    return known_state(directory).value_or(State{});
}

Result<> write_state(const std::string& directory, const State& state) {
    return replace_file(directory + "/state.json", to_json(state));
}

}  // namespace install_cert::agent
