// SPDX-License-Identifier: Apache-2.0
// Header fields and paths: small parsers over bytes that are not trusted.
#include "vault/http_fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <vector>

#include "foundation/result.h"
#include "foundation/text.h"

namespace install_cert::vault {
namespace {

constexpr std::chrono::seconds kShortestWait{1};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_digit);
}

std::optional<int> number(std::string_view digits) {
    int value = 0;
    if (!all_digits(digits) ||
        std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc{}) {
        return std::nullopt;
    }
    return value;
}

std::optional<int> place_in(std::string_view names, std::string_view name) {
    const std::size_t at = names.find(name);
    if (name.size() != 3 || at == std::string_view::npos || at % 3 != 0) {
        return std::nullopt;
    }
    return static_cast<int>(at / 3);
}

bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void append_encoded(std::string& path, std::string_view segment) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    for (const char c : segment) {
        if (is_unreserved(c)) {
            path += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            path += '%';
            path += kHex[byte >> 4U];
            path += kHex[byte & 0xFU];
        }
    }
}

}  // namespace

std::optional<WallTime> parse_http_date(std::string_view text) {
    constexpr std::string_view kShape = "aaa, 00 aaa 0000 00:00:00 GMT";
    if (text.size() != kShape.size()) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < kShape.size(); ++i) {
        const bool free = kShape[i] == 'a' || kShape[i] == '0';
        if ((kShape[i] == '0' && !is_digit(text[i])) || (!free && text[i] != kShape[i])) {
            return std::nullopt;
        }
    }
    const auto month = place_in("JanFebMarAprMayJunJulAugSepOctNovDec", text.substr(8, 3));
    if (!month || !place_in("MonTueWedThuFriSatSun", text.substr(0, 3))) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{
        std::chrono::year{*number(text.substr(12, 4))},
        std::chrono::month{static_cast<unsigned>(*month) + 1},
        std::chrono::day{static_cast<unsigned>(*number(text.substr(5, 2)))}};
    const int hour = *number(text.substr(17, 2));
    const int minute = *number(text.substr(20, 2));
    const int second = *number(text.substr(23, 2));
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) {
        return std::nullopt;
    }
    return WallTime{std::chrono::sys_days{date}} + std::chrono::hours{hour} +
           std::chrono::minutes{minute} + std::chrono::seconds{second};
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, WallTime now) {
    text = trim(text);
    if (all_digits(text)) {
        // More digits than an int holds are still a number of seconds: a very long one.
        const std::chrono::seconds wait{
            number(text).value_or(static_cast<int>(kLongestRetryAfter.count()))};
        return std::clamp(wait, kShortestWait, kLongestRetryAfter);
    }
    if (const auto date = parse_http_date(text)) {
        return std::clamp(*date - now, kShortestWait, kLongestRetryAfter);
    }
    return std::nullopt;
}

std::optional<Origin> parse_origin(std::string_view address) {
    const std::size_t separator = address.find("://");
    if (separator == std::string_view::npos) {
        return std::nullopt;
    }
    Origin origin{.scheme = to_lower(address.substr(0, separator)), .host = {}, .port = {}};
    if (origin.scheme != "https" && origin.scheme != "http") {
        return std::nullopt;
    }
    std::string_view rest = address.substr(separator + 3);
    while (rest.ends_with('/')) {
        rest.remove_suffix(1);
    }
    const std::size_t bracket = rest.starts_with('[') ? rest.find(']') : 0;
    if (bracket == std::string_view::npos ||
        rest.find_first_of("/?#@\\ ") != std::string_view::npos) {
        return std::nullopt;
    }
    const std::size_t colon = rest.find(':', bracket);
    origin.host = to_lower(rest.substr(0, colon));
    origin.port = origin.scheme == "https" ? "443" : "80";
    if (colon != std::string_view::npos) {
        const auto port = number(rest.substr(colon + 1));
        if (!port || *port < 1 || *port > 65535) {
            return std::nullopt;
        }
        origin.port = std::to_string(*port);
    }
    if (origin.host.empty() || (bracket != 0 && origin.host.size() != bracket + 1)) {
        return std::nullopt;
    }
    return origin;
}

std::optional<std::string> path_at(std::string_view address, std::string_view location) {
    location = trim(location);
    const auto graphic = [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; };
    if (location.empty() || !std::ranges::all_of(location, graphic)) {
        return std::nullopt;
    }
    location = location.substr(0, location.find('#'));
    if (location.starts_with('/')) {
        return location.starts_with("//") ? std::nullopt : std::optional<std::string>(location);
    }
    const std::size_t separator = location.find("://");
    if (separator == std::string_view::npos) {
        return std::nullopt;
    }
    const std::size_t end = std::min(location.find('/', separator + 3), location.size());
    const auto target = parse_origin(location.substr(0, end));
    if (!target || target != parse_origin(address)) {
        return std::nullopt;
    }
    return end == location.size() ? "/" : std::string(location.substr(end));
}

std::string api_path(std::initializer_list<std::string_view> parts) {
    std::string path = "/v1";
    for (const std::string_view part : parts) {
        for (const std::string& segment : split(part, '/')) {
            if (!segment.empty()) {
                path += '/';
                append_encoded(path, segment);
            }
        }
    }
    return path;
}

std::string plain_path(std::initializer_list<std::string_view> parts) {
    std::string path;
    for (std::string_view part : parts) {
        while (part.starts_with('/')) {
            part.remove_prefix(1);
        }
        while (part.ends_with('/')) {
            part.remove_suffix(1);
        }
        path += (path.empty() || part.empty() ? "" : "/");
        path += part;
    }
    return path;
}

}  // namespace install_cert::vault
