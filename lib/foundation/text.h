// SPDX-License-Identifier: Apache-2.0
// Text that people and machines read: times, durations, lists, other people's bytes.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/clock.h"

namespace install_cert {

// "2026-11-21T13:45:00Z" (RFC 3339, always UTC).
[[nodiscard]] std::string to_rfc3339(WallTime time);
// Accepts a fraction of a second (dropped) and an offset; nullopt for anything RFC 3339 does not
// allow, and for what would be before the year 0 or after 9999 in UTC.
[[nodiscard]] std::optional<WallTime> parse_rfc3339(std::string_view text);

// "720h", "90m", "1h30m", "45s", "7d"; a bare number is seconds (as Vault reads a ttl).
// nullopt for a sign, a fraction, an unknown unit, or more than a century.
[[nodiscard]] std::optional<std::chrono::seconds> parse_duration(std::string_view text);
// The two largest units: "29d 4h", "3m 12s", "0s"; a minus sign in front of a negative one.
[[nodiscard]] std::string to_human(std::chrono::seconds duration);

[[nodiscard]] std::string join(std::span<const std::string> parts, std::string_view separator);
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::string to_lower(std::string_view text);  // ASCII only

// Somebody else's bytes made safe for one line of a log: control characters, quotes' backslashes
// and bytes that are not UTF-8 are escaped (\n, \x1b), and at most `limit` bytes are kept ("..."
// marks a cut).
[[nodiscard]] std::string printable(std::string_view bytes, std::size_t limit = 200);

// The candidate that `word` was most likely meant to be (Damerau-Levenshtein distance of at most a
// third of its length, at least 1); nullopt where none is near.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 std::span<const std::string_view> candidates);

[[nodiscard]] bool is_utf8(std::string_view bytes);

// How many bytes at the front are well-formed UTF-8.
[[nodiscard]] std::size_t utf8_prefix(std::string_view bytes);

}  // namespace install_cert
