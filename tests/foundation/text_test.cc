// SPDX-License-Identifier: Apache-2.0
#include "foundation/text.h"

#include <catch2/catch.hpp>

using namespace install_cert;
using namespace std::chrono_literals;

TEST_CASE("times are written and read back as RFC 3339 in UTC", "[text]") {
    const auto [text, seconds] = GENERATE(table<std::string, std::int64_t>({
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-21T13:45:00Z", 1795268700},
        {"2038-01-19T03:14:08Z", 2147483648},
        {"9999-12-31T23:59:59Z", 253402300799},
    }));
    CAPTURE(text);
    CHECK(to_rfc3339(WallTime{std::chrono::seconds{seconds}}) == text);
    CHECK(parse_rfc3339(text) == WallTime{std::chrono::seconds{seconds}});
}

TEST_CASE("an offset and a fraction are understood", "[text]") {
    const WallTime time = *parse_rfc3339("2026-11-21T13:45:00Z");
    CHECK(parse_rfc3339("2026-11-21T14:45:00.999999999+01:00") == time);
    CHECK(parse_rfc3339("2026-11-21T09:15:00-04:30") == time);
}

TEST_CASE("what is no RFC 3339 time is refused", "[text]") {
    const std::string text = GENERATE("",
                                      "2026-11-21",
                                      "2026-11-21T13:45:00",
                                      "2026-02-30T00:00:00Z",
                                      "2026-13-01T00:00:00Z",
                                      "2026-11-21T24:00:00Z",
                                      "2026-11-21T13:45:00.Z",
                                      "2026-11-21T13:45:00+1:00",
                                      "2026-11-21T13:45:00Zjunk",
                                      "2026-11-21 13:45:00Z",
                                      "+026-11-21T13:45:00Z",
                                      "0000-01-01T00:00:00+00:01",
                                      "9999-12-31T23:59:60Z");
    CAPTURE(text);
    CHECK_FALSE(parse_rfc3339(text));
}

TEST_CASE("durations are read as Vault reads a ttl", "[text]") {
    const auto [text, expected] = GENERATE(table<std::string, std::chrono::seconds>({
        {"720h", 720h},
        {"90m", 90min},
        {"1h30m", 90min},
        {"45s", 45s},
        {"7d", 168h},
        {"3600", 3600s},
        {"0", 0s},
    }));
    CAPTURE(text);
    CHECK(parse_duration(text) == expected);
}

TEST_CASE("what is no duration is refused", "[text][fault-96]") {
    const std::string text = GENERATE("",
                                      "-1h",
                                      "+1h",
                                      "1.5h",
                                      "1h30",
                                      "h",
                                      "1w",
                                      "1 h",
                                      "NaN",
                                      "99999999999999999999s",
                                      "1000000d",
                                      "1h\n");
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
}

TEST_CASE("durations are shown by their two largest units", "[text]") {
    const auto [duration, text] = GENERATE(table<std::chrono::seconds, std::string>({
        {29 * 24h + 4h + 59min, "29d 4h"},
        {3min + 12s, "3m 12s"},
        {1h, "1h"},
        {24h + 5s, "1d"},
        {0s, "0s"},
        {-90s, "-1m 30s"},
    }));
    CHECK(to_human(duration) == text);
}

TEST_CASE("other people's bytes become one harmless line", "[text][fault-S9]") {
    const auto [why, bytes, line] = GENERATE(table<std::string, std::string, std::string>({
        {"plain text stays", "permission denied", "permission denied"},
        {"UTF-8 stays", "s\xC3\xBC\xC3\x9F", "s\xC3\xBC\xC3\x9F"},
        {"line ends are escaped", "a\r\nb\tc", "a\\r\\nb\\tc"},
        {"escape sequences are escaped", "\x1b[31mred", "\\x1b[31mred"},
        {"C1 controls are escaped",
         "\xC2\x9B"
         "31m",
         "\\xc2\\x9b31m"},
        {"broken UTF-8 is escaped", "\xFF\xC3(", "\\xff\\xc3("},
        {"overlong UTF-8 is escaped", "\xC0\xAF", "\\xc0\\xaf"},
        {"surrogates are escaped", "\xED\xA0\x80", "\\xed\\xa0\\x80"},
        {"a backslash is doubled", "a\\n", "a\\\\n"},
        {"NUL is escaped", std::string("a\0b", 3), "a\\x00b"},
    }));
    CAPTURE(why);
    CHECK(printable(bytes) == line);
}

TEST_CASE("a long text is cut at the limit, never within an escape or a character", "[text]") {
    CHECK(printable(std::string(300, 'x'), 10) == "xxxxxxx...");
    CHECK(printable("0123456789", 10) == "0123456789");
    CHECK(printable("01234\n\n\n", 10) == "01234\\n...");
    CHECK(printable("\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC", 7) == "\xC3\xBC\xC3\xBC...");
}

TEST_CASE("the well-formed front of a text is as long as its characters are whole", "[text]") {
    CHECK(utf8_prefix("") == 0);
    CHECK(utf8_prefix("a\xC3\xA9") == 3);
    CHECK(utf8_prefix("a\xC3") == 1);
    CHECK(utf8_prefix("ab\xED\xA0\x80") == 2);
    CHECK(is_utf8("a\xC3\xA9"));
    CHECK_FALSE(is_utf8("a\xC3"));
}

TEST_CASE("the nearest key is the one that was meant", "[text]") {
    constexpr std::array<std::string_view, 4> keys{"common_name", "alt_names", "ip_sans", "ttl"};
    CHECK(nearest("comon_name", keys) == "common_name");
    CHECK(nearest("commno_name", keys) == "common_name");
    CHECK(nearest("ip_san", keys) == "ip_sans");
    CHECK(nearest("tl", keys) == "ttl");
    CHECK_FALSE(nearest("certificates", keys));
    CHECK_FALSE(nearest("", std::span<const std::string_view>{}));
}

TEST_CASE("splitting and joining are inverse", "[text]") {
    const std::vector<std::string> parts{"a", "", "b"};
    CHECK(join(parts, ",") == "a,,b");
    CHECK(split("a,,b", ',') == parts);
    CHECK(split("", ',') == std::vector<std::string>{""});
}
