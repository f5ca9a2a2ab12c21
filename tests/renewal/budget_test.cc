// SPDX-License-Identifier: Apache-2.0
#include "renewal/budget.h"

#include <vector>

#include <catch2/catch.hpp>

using namespace install_cert;
using namespace install_cert::renewal;
using namespace std::chrono_literals;

namespace {

constexpr WallTime kNow{1'795'268'700s};

std::vector<WallTime> requests(int count, std::chrono::seconds apart) {
    std::vector<WallTime> times;
    for (int i = count; i > 0; --i) {
        times.push_back(kNow - i * apart);
    }
    return times;
}

}  // namespace

TEST_CASE("the schedule asks ten times in any hour", "[budget][fault-90]") {
    CHECK(next_request_at({.requests = {}, .lifetime = 720h}, Asker::schedule, kNow) == kNow);
    const auto nine = requests(9, 10s);
    CHECK(next_request_at({.requests = nine, .lifetime = 720h}, Asker::schedule, kNow) == kNow);
    const auto ten = requests(10, 10s);
    CHECK(next_request_at({.requests = ten, .lifetime = 720h}, Asker::schedule, kNow) ==
          kNow - 100s + 1h);
    const auto old = requests(10, 10min);
    CHECK(next_request_at({.requests = old, .lifetime = 720h}, Asker::schedule, kNow) == kNow);
}

TEST_CASE("a lifetime shorter than an hour is the window", "[budget]") {
    const auto ten = requests(10, 10s);
    CHECK(next_request_at({.requests = ten, .lifetime = 90s}, Asker::schedule, kNow) == kNow);
    CHECK(next_request_at({.requests = ten, .lifetime = 5min}, Asker::schedule, kNow) ==
          kNow + 200s);
}

TEST_CASE("a boot and a person are exempt, ten seconds apart", "[budget]") {
    const Asker asker = GENERATE(Asker::boot, Asker::person);
    const auto many = requests(10, 1s);
    CHECK(next_request_at({.requests = many, .lifetime = 720h}, asker, kNow) == kNow + 9s);
    const auto old = requests(10, 11s);
    CHECK(next_request_at({.requests = old, .lifetime = 720h}, asker, kNow) == kNow);
}

TEST_CASE("requests dated in the future do not count: the clock was set back",
          "[budget][fault-7]") {
    const std::vector<WallTime> future(10, kNow + 1h);
    CHECK(next_request_at({.requests = future, .lifetime = 720h}, Asker::schedule, kNow) == kNow);
    CHECK(next_request_at({.requests = future, .lifetime = 720h}, Asker::person, kNow) == kNow);
}
