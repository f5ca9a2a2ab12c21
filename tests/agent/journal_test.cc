// SPDX-License-Identifier: Apache-2.0
#include "agent/report/journal.h"

#include <iostream>
#include <sstream>

#include <catch2/catch.hpp>

#include "turn_host.h"

using namespace install_cert;
using namespace install_cert::agent;
using namespace std::chrono_literals;

namespace {

// What a turn tells a journal that is read through stderr.
std::string told(const TurnReport& report) {
    std::ostringstream stream;
    std::streambuf* const before = std::cerr.rdbuf(stream.rdbuf());
    journal_turn(report);
    std::cerr.rdbuf(before);
    return stream.str();
}

}  // namespace

TEST_CASE("a failure is told of when it happens, and not again while it rests", "[journal]") {
    Host host;
    host.issuer.fail("web", {.kind = Failure::rejected, .what = "400"});
    CHECK_THAT(told(host.turn()), Catch::Contains("400"));
    host.clock.advance(1s);
    CHECK(told(host.turn()).empty());
}
