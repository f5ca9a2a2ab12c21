// SPDX-License-Identifier: Apache-2.0
// Header fields of HTTP (RFC 9110) that somebody else wrote, and the paths that we write.
#pragma once

#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/clock.h"

namespace install_cert::vault {

// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that senders may generate; nullopt for any other.
[[nodiscard]] std::optional<WallTime> parse_http_date(std::string_view text);

// Retry-After: seconds or a date, clamped to 1 s .. 5 min so that no server can stop a host for
// good or make it spin; nullopt for junk, a sign or a fraction.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view text,
                                                                    WallTime now);

// The path and query of a Location that stays at `address` (same scheme, host and port); nullopt
// for any other, for user information, and for bytes that no URI has.
[[nodiscard]] std::optional<std::string> path_at(std::string_view address,
                                                 std::string_view location);

// "/v1/" and the parts joined by '/', each segment percent-encoded. A part may hold several
// segments ("kluster/pki"); leading, trailing and doubled slashes are dropped.
[[nodiscard]] std::string api_path(std::initializer_list<std::string_view> parts);

// The parts joined as an operator writes them in a policy: "kluster/pki/issue/web".
[[nodiscard]] std::string plain_path(std::initializer_list<std::string_view> parts);

// scheme, host and port of "https://vault:8200" (default port filled in, host in lower case, an
// IPv6 address with its brackets).
struct Origin {
    std::string scheme;
    std::string host;
    std::string port;

    bool operator==(const Origin&) const = default;
};

// nullopt for anything but http(s)://host[:port] with nothing after it but slashes.
[[nodiscard]] std::optional<Origin> parse_origin(std::string_view address);

}  // namespace install_cert::vault
