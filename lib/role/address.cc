// SPDX-License-Identifier: Apache-2.0
// Takes an address apart as RFC 3986 does, and accepts less.
#include "role/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "foundation/result.h"
#include "foundation/text.h"

namespace install_cert::role {
namespace {

constexpr const char* kForm = "write https://HOST:PORT";

std::unexpected<Error> refuse(std::string why, std::string way_out) {
    return fail(Failure::config, std::move(why), std::move(way_out));
}

bool is_host_name(std::string_view host) {
    return !host.empty() && host.size() <= 253 && std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_';
    });
}

bool is_ipv6(const std::string& host) {
    in6_addr address{};
    return ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_loopback(const std::string& host) {
    in_addr v4{};
    if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) {
        return (ntohl(v4.s_addr) >> 24U) == IN_LOOPBACKNET;
    }
    in6_addr v6{};
    if (::inet_pton(AF_INET6, host.c_str(), &v6) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&v6);
    }
    return to_lower(host) == "localhost";
}

bool is_port(std::string_view text) {
    unsigned port = 0;
    const auto* end = std::to_address(text.end());
    const auto [stop, error] = std::from_chars(std::to_address(text.begin()), end, port);
    return error == std::errc{} && stop == end && port >= 1 && port <= 65535;
}

struct Authority {
    std::string host;
    bool bracketed = false;
    std::string_view port;  // with its colon; empty when there is none
};

// "host", "host:port", "[address]:port"
Result<Authority> split_authority(std::string_view text) {
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos) {
            return refuse("'[' without ']'", kForm);
        }
        return Authority{.host = std::string(text.substr(1, close - 1)),
                         .bracketed = true,
                         .port = text.substr(close + 1)};
    }
    const auto colon = std::min(text.find(':'), text.size());
    const auto port = text.substr(colon);
    if (std::ranges::count(port, ':') > 1) {
        return refuse("an IPv6 address without brackets", "write https://[::1]:8200");
    }
    return Authority{.host = std::string(text.substr(0, colon)), .bracketed = false, .port = port};
}

Result<std::string> host_of(std::string_view text) {
    auto authority = split_authority(text);
    if (!authority) {
        return std::unexpected(authority.error());
    }
    const auto& [host, bracketed, port] = *authority;
    if (!port.empty() && (port.front() != ':' || !is_port(port.substr(1)))) {
        return refuse("'" + printable(port) + "' is no port", "a port is a number from 1 to 65535");
    }
    if (bracketed ? !is_ipv6(host) : !is_host_name(host)) {
        return refuse("'" + printable(host) + "' is no host", kForm);
    }
    return host;
}

}  // namespace

Result<VaultAddress> parse_address(std::string_view written) {
    const auto colon = written.find("://");
    if (colon == std::string_view::npos) {
        return refuse("no https:// in front", kForm);
    }
    const auto scheme = to_lower(written.substr(0, colon));
    if (scheme != "https" && scheme != "http") {
        return refuse("'" + printable(scheme) + "' is not https", kForm);
    }
    auto authority = written.substr(colon + 3);
    if (authority.contains('@')) {
        return refuse("user info in it", "a token or password has its place under 'auth'");
    }
    if (authority.ends_with('/')) {
        authority.remove_suffix(1);
    }
    if (authority.find_first_of("/?#") != std::string_view::npos) {
        return refuse("a path in it", "leave it out: /v1 is added");
    }
    auto host = host_of(authority);
    if (!host) {
        return std::unexpected(host.error());
    }
    return VaultAddress{.text = scheme + "://" + std::string(authority),
                        .host = *host,
                        .is_http = scheme == "http",
                        .is_loopback = is_loopback(*host)};
}

}  // namespace install_cert::role
