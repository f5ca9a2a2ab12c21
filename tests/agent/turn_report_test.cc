// SPDX-License-Identifier: Apache-2.0
#include "agent/supervisor/turn_report.h"

#include <catch2/catch.hpp>

namespace install_cert::supervisor {
namespace {

TurnReport sound() {
    return {.exit_code = 75,
            .valid = true,
            .next_wake = WallTime{std::chrono::seconds{1'795'219'200}},
            .status = "2 certificates, next renewal in 20d"};
}

TEST_CASE("a report is read as it was written", "[supervisor]") {
    CHECK(parse_report(to_text(sound())) == sound());
}

TEST_CASE("a report that was cut anywhere is none", "[supervisor]") {
    const std::string text = to_text(sound());
    for (std::size_t size = 0; size < text.size(); ++size) {
        CAPTURE(size);
        REQUIRE_FALSE(parse_report(std::string_view(text).substr(0, size)));
    }
}

TEST_CASE("a status that no worker writes never reaches systemd", "[supervisor]") {
    const std::string words = GENERATE("\x1b[2J", "\xff", "\xc2\x9b", "a\rb");
    CAPTURE(words);
    std::string text = to_text(sound());
    text.replace(text.find("2 certificates"), 1, words);
    CHECK_FALSE(parse_report(text));
    TurnReport strange = sound();
    strange.status = words;
    CHECK(parse_report(to_text(strange)));
}

}  // namespace
}  // namespace install_cert::supervisor
