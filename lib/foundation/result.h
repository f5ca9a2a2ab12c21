// SPDX-License-Identifier: Apache-2.0
// How failure travels: a value with a kind to act on, words for the operator, and a way out.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace install_cert {

// What a caller does differently, not where it happened. One kind for each exit code of the
// command line (numbers after sysexits(3); see exit_code()).
enum class Failure : std::uint8_t {
    usage,         // 64: the command line, or a certificate name that no config has
    unavailable,   // 69: Vault unreachable, sealed, 5xx, TLS refused: try again with back-off
    cannot_write,  // 73: a destination cannot be written: nothing is asked of Vault meanwhile
    io,            // 74: any other I/O, and a start-up of a library that failed
    not_yet,  // 75: token, CA file or a host fact is not there yet, 429, time-out, another instance
    rejected,  // 76: a permanent refusal (400, 404, 405), or an answer that failed verification
    denied,    // 77: the token is refused, lacks a permission, or its file is readable by others
    config,    // 78: the configuration; systemd does not restart on it
};

// What of a Retry-After is heeded, so that no server stops a host for good.
inline constexpr std::chrono::seconds kLongestRetryAfter{300};

struct Error {
    Failure kind;
    std::string what;       // "thing: why", one line; never holds a secret
    std::string way_out{};  // what the operator can do, where we know it; may be empty
    // The server's own wish (Retry-After), already clamped to 1 s .. kLongestRetryAfter.
    std::optional<std::chrono::seconds> retry_after{};
    // The request was sent, and what the server did with it is not known.
    bool may_have_happened = false;
};

template <class T = void>
using Result = std::expected<T, Error>;

[[nodiscard]] std::unexpected<Error> fail(Failure kind, std::string what, std::string way_out = {});

// The same failure with the task in front: "verifying 'web': the leaf expired ...".
[[nodiscard]] std::unexpected<Error> while_doing(std::string_view task, Error cause);

// "thing: Permission denied", from an errno value.
[[nodiscard]] std::unexpected<Error> fail_errno(Failure kind,
                                                std::string_view thing,
                                                int error_number);

[[nodiscard]] int exit_code(Failure kind);

// The failure that names the exit code when several happened: config, denied, rejected,
// cannot_write, io, unavailable, not_yet, in this order. `usage` stands before all of them.
[[nodiscard]] Failure graver(Failure a, Failure b);

}  // namespace install_cert
