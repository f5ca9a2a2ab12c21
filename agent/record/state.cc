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

State read_state(const std::string& directory) {
    const auto text = host::read_text(directory + "/state.json", kStateLimit);
    return text ? state_from_json(*text) : State{};
}

Result<> state_is_readable(const std::string& directory) {
    const auto text = host::read_text(directory + "/state.json", kStateLimit);
    return text || text.error().kind == Failure::not_yet ? Result<>()
                                                         : std::unexpected(text.error());
}

Result<> write_state(const std::string& directory, const State& state) {
    return replace_file(directory + "/state.json", to_json(state));
}

}  // namespace install_cert::agent
