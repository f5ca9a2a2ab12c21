// SPDX-License-Identifier: Apache-2.0
#include "foundation/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <numeric>
#include <utility>

namespace install_cert {
namespace {

constexpr std::chrono::seconds kCentury = std::chrono::years{100};
constexpr WallTime kFirstTime = std::chrono::sys_days{std::chrono::year{0} / 1 / 1};
constexpr WallTime kLastTime =
    std::chrono::sys_days{std::chrono::year{10000} / 1 / 1} - std::chrono::seconds{1};

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) {
        return std::nullopt;
    }
    int value = 0;
    for (const char c : text.substr(at, count)) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        value = value * 10 + (c - '0');
    }
    return value;
}

std::optional<std::chrono::seconds> offset_of(std::string_view text) {
    if (text == "Z" || text == "z") {
        return std::chrono::seconds{0};
    }
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') {
        return std::nullopt;
    }
    const auto hours = digits(text, 1, 2);
    const auto minutes = digits(text, 4, 2);
    if (!hours || !minutes || *hours > 23 || *minutes > 59) {
        return std::nullopt;
    }
    const std::chrono::seconds offset = std::chrono::hours{*hours} + std::chrono::minutes{*minutes};
    return text[0] == '-' ? -offset : offset;
}

// Length of the well-formed UTF-8 sequence at the front (RFC 3629), 0 when there is none.
std::size_t utf8_length(std::string_view bytes) {
    const auto at = [&](std::size_t i) {
        return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U;
    };
    const auto continues = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
    const unsigned first = at(0);
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF && continues(1)) {
        return 2;
    }
    if (first >= 0xE0 && first <= 0xEF && continues(1) && continues(2)) {
        const bool overlong = first == 0xE0 && at(1) < 0xA0;
        const bool surrogate = first == 0xED && at(1) > 0x9F;
        return overlong || surrogate ? 0 : 3;
    }
    if (first >= 0xF0 && first <= 0xF4 && continues(1) && continues(2) && continues(3)) {
        const bool overlong = first == 0xF0 && at(1) < 0x90;
        const bool beyond = first == 0xF4 && at(1) > 0x8F;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

std::string escaped(std::string_view bytes) {
    const auto first = static_cast<unsigned char>(bytes[0]);
    // C1 controls (U+0080 .. U+009F) move terminals as well as C0 ones do.
    const bool c1 =
        first == 0xC2 && bytes.size() > 1 && static_cast<unsigned char>(bytes[1]) < 0xA0;
    const std::size_t length = c1 ? 0 : utf8_length(bytes);
    if (length > 1 || (length == 1 && first >= 0x20 && first != 0x7F && first != '\\')) {
        return std::string(bytes.substr(0, length));
    }
    switch (first) {
        case '\n':
            return "\\n";
        case '\r':
            return "\\r";
        case '\t':
            return "\\t";
        case '\\':
            return "\\\\";
        default:
            constexpr std::string_view hex = "0123456789abcdef";
            return {'\\', 'x', hex[first >> 4U], hex[first & 0xFU]};
    }
}

// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours cost one.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> previous(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(previous.begin(), previous.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = std::min({previous[j] + 1, row[j - 1] + 1, previous[j - 1] + cost});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        std::swap(before, previous);
        std::swap(previous, row);
    }
    return previous[b.size()];
}

}  // namespace

std::string to_rfc3339(WallTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    std::string text;
    const auto add = [&](auto number, std::size_t width, char end) {
        const std::string written = std::to_string(number);
        text.append(width - std::min(width, written.size()), '0');
        text += written;
        text += end;
    };
    add(static_cast<int>(date.year()), 4, '-');
    add(static_cast<unsigned>(date.month()), 2, '-');
    add(static_cast<unsigned>(date.day()), 2, 'T');
    add(clock.hours().count(), 2, ':');
    add(clock.minutes().count(), 2, ':');
    add(clock.seconds().count(), 2, 'Z');
    return text;
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
    constexpr std::string_view shape = "0000-00-00T00:00:00";
    if (text.size() <= shape.size() || text[4] != '-' || text[7] != '-' ||
        (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':') {
        return std::nullopt;
    }
    const auto year = digits(text, 0, 4);
    const auto month = digits(text, 5, 2);
    const auto day = digits(text, 8, 2);
    const auto hour = digits(text, 11, 2);
    const auto minute = digits(text, 14, 2);
    const auto second = digits(text, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second || *hour > 23 || *minute > 59 ||
        *second > 60) {
        return std::nullopt;
    }
    std::size_t end = shape.size();
    if (text[end] == '.') {
        ++end;
        const std::size_t fraction = end;
        while (digits(text, end, 1)) {
            ++end;
        }
        if (end == fraction) {
            return std::nullopt;
        }
    }
    const auto offset = offset_of(text.substr(end));
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!offset || !date.ok()) {
        return std::nullopt;
    }
    const WallTime time = std::chrono::sys_days{date} + std::chrono::hours{*hour} +
                          std::chrono::minutes{*minute} + std::chrono::seconds{*second} - *offset;
    // An offset or a leap second can lead out of the years that four digits write.
    return time < kFirstTime || time > kLastTime ? std::nullopt : std::optional(time);
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
    std::chrono::seconds total{0};
    if (text.empty()) {
        return std::nullopt;
    }
    const bool bare = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    while (!text.empty()) {
        std::int64_t count = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
        const auto used = static_cast<std::size_t>(end - text.data());
        if (error != std::errc{} || text[0] == '-' || count > kCentury.count()) {
            return std::nullopt;
        }
        text.remove_prefix(used);
        std::int64_t unit = 0;
        if (bare) {
            unit = 1;
        } else if (text.empty()) {
            return std::nullopt;
        } else {
            constexpr std::array<std::pair<char, std::int64_t>, 4> units{
                {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}}};
            const auto* const found =
                std::ranges::find(units, text[0], &std::pair<char, std::int64_t>::first);
            if (found == units.end()) {
                return std::nullopt;
            }
            unit = found->second;
            text.remove_prefix(1);
        }
        total += std::chrono::seconds{count} * unit;
        if (total > kCentury) {
            return std::nullopt;
        }
    }
    return total;
}

std::string to_human(std::chrono::seconds duration) {
    const std::string sign = duration.count() < 0 ? "-" : "";
    std::int64_t rest = std::abs(duration.count());
    constexpr std::array<std::pair<char, std::int64_t>, 4> units{
        {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}};
    std::string text;
    int shown = 0;
    for (const auto& [letter, seconds] : units) {
        const std::int64_t count = rest / seconds;
        rest %= seconds;
        if (count == 0 && shown == 0) {
            continue;
        }
        if (count != 0) {
            text += (text.empty() ? "" : " ") + std::to_string(count) + letter;
        }
        if (++shown == 2) {
            break;
        }
    }
    return text.empty() ? "0s" : sign + text;
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
    std::string text;
    for (const std::string& part : parts) {
        if (&part != parts.data()) {
            text += separator;
        }
        text += part;
    }
    return text;
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    while (true) {
        const std::size_t end = text.find(separator, begin);
        parts.emplace_back(text.substr(begin, end - begin));
        if (end == std::string_view::npos) {
            return parts;
        }
        begin = end + 1;
    }
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(blank);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

std::string to_lower(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return lower;
}

std::string printable(std::string_view bytes, std::size_t limit) {
    constexpr std::string_view ellipsis = "...";
    std::string text;
    std::size_t cut = 0;  // where the text can end so that the mark still fits
    while (!bytes.empty()) {
        const std::string next = escaped(bytes);
        if (text.size() + next.size() > limit) {
            return text.substr(0, cut).append(ellipsis.substr(0, limit - cut));
        }
        text += next;
        bytes.remove_prefix(next[0] == '\\' ? 1 : next.size());
        if (text.size() + ellipsis.size() <= limit) {
            cut = text.size();
        }
    }
    return text;
}

std::optional<std::string> nearest(std::string_view word,
                                   std::span<const std::string_view> candidates) {
    std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
    std::optional<std::string> found;
    for (const std::string_view candidate : candidates) {
        const std::size_t apart = distance(word, candidate);
        if (apart < best) {
            best = apart;
            found = std::string(candidate);
        }
    }
    return found;
}

std::size_t utf8_prefix(std::string_view bytes) {
    std::size_t good = 0;
    while (good < bytes.size()) {
        const std::size_t length = utf8_length(bytes.substr(good));
        if (length == 0) {
            break;
        }
        good += length;
    }
    return good;
}

bool is_utf8(std::string_view bytes) {
    return utf8_prefix(bytes) == bytes.size();
}

}  // namespace install_cert
