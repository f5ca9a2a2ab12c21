// SPDX-License-Identifier: Apache-2.0
#include "agent/report/complaint.h"

#include <catch2/catch.hpp>

#include "support/temporary_directory.h"

using namespace install_cert;
using namespace install_cert::agent;
using namespace std::chrono_literals;

namespace {

constexpr WallTime kNow{1'795'270'000s};

}  // namespace

TEST_CASE("the same complaint is made once an hour", "[complaint]") {
    const testing::TemporaryDirectory directory;
    CHECK(is_worth_saying(directory.string(), "no user\n'etcd'", kNow));
    CHECK_FALSE(is_worth_saying(directory.string(), "no user\n'etcd'", kNow));
    CHECK_FALSE(is_worth_saying(directory.string(), "no user\n'etcd'", kNow + 1h - 1s));
    CHECK(is_worth_saying(directory.string(), "no user\n'etcd'", kNow + 1h));
}

TEST_CASE("what changed since, or comes back, is said at once", "[complaint]") {
    const testing::TemporaryDirectory directory;
    REQUIRE(is_worth_saying(directory.string(), "one", kNow));
    SECTION("another text") {
        CHECK(is_worth_saying(directory.string(), "two", kNow));
        CHECK(is_worth_saying(directory.string(), "one", kNow));
    }
    SECTION("a turn went well in between") {
        forget_complaint(directory.string());
        CHECK(is_worth_saying(directory.string(), "one", kNow));
    }
    SECTION("the clock was set back") {
        CHECK(is_worth_saying(directory.string(), "one", kNow - 1s));
    }
}

TEST_CASE("where nothing can be noted, everything is said", "[complaint]") {
    CHECK(is_worth_saying("/proc/none", "one", kNow));
    CHECK(is_worth_saying("/proc/none", "one", kNow));
}
