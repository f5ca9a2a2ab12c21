// SPDX-License-Identifier: Apache-2.0
// What no generation can tell and a restart must not forget: budget, reloads owed, last errors.
// Holds no secret. Lost or torn it costs one reload too many and a fresh budget, never a
// certificate.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/clock.h"
#include "foundation/result.h"

namespace install_cert::agent {

struct LastError {
    Failure kind = Failure::io;
    std::string what{};
    std::string way_out{};
    WallTime at{};
    unsigned attempts = 1;  // in a row
    WallTime retry_at{};
    std::optional<WallTime> server_wants{};  // no request before: its Retry-After

    bool operator==(const LastError&) const = default;
};

struct OwedReload {
    WallTime due{};         // its slot, or the next try of a failed one
    unsigned failures = 0;  // in a row
    std::string why{};      // the last of them

    bool operator==(const OwedReload&) const = default;
};

struct CertificateState {
    std::vector<WallTime> requests{};  // the newest kRequestsPerWindow
    std::string asked_in_boot{};       // the boot whose renewal has spent its exempt request
    std::optional<LastError> last_error{};
    std::optional<WallTime> leaf_postponed_until{};
    std::map<std::string, std::string> acknowledged{};  // consumer -> what it was last reloaded for
    std::map<std::string, OwedReload> owed_reloads{};   // consumer -> what is waited for

    bool operator==(const CertificateState&) const = default;
};

// What the last look at a token said; keyed by where the token came from.
struct TokenState {
    std::string version{};  // of the file: another one there is another token
    WallTime looked_up{};
    std::optional<WallTime> ends{};       // unless it is renewed; nullopt: never
    std::optional<WallTime> final_end{};  // whatever is renewed; nullopt: not in sight
    bool renewable = false;
    WallTime next_care{};  // when to look, and renew it, again
    std::string last_error{};

    bool operator==(const TokenState&) const = default;
};

// Whether a request at `needed` comes too late for this token.
[[nodiscard]] inline bool ends_before(const TokenState& token, WallTime needed) {
    return token.final_end && *token.final_end <= needed;
}

struct State {
    std::map<std::string, CertificateState> certificates{};
    std::map<std::string, TokenState> tokens{};
    std::map<std::string, WallTime> next_ca_look{};  // mount -> when its CA is looked up again
    // Mount -> fingerprint of a CA -> when the mount presented it last.
    std::map<std::string, std::map<std::string, WallTime>> ca_seen{};

    bool operator==(const State&) const = default;
};

[[nodiscard]] std::string to_json(const State& state);
// Anything that is not our JSON is an empty State: see above.
[[nodiscard]] State state_from_json(std::string_view json);

// DIRECTORY/state.json. A missing file is an empty State; one that cannot be read, an error.
[[nodiscard]] Result<State> known_state(const std::string& directory);
// For a turn, which goes on with an empty one.
[[nodiscard]] State read_state(const std::string& directory);
// Temporary file, then rename: a reader sees the old or the new one. Not synced: after a power cut
// every consumer has started afresh, and an empty State is safe.
[[nodiscard]] Result<> write_state(const std::string& directory, const State& state);

}  // namespace install_cert::agent
