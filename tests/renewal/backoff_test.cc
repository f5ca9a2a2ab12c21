// SPDX-License-Identifier: Apache-2.0
#include "renewal/backoff.h"

#include <catch2/catch.hpp>

using namespace install_cert;
using namespace install_cert::renewal;
using namespace std::chrono_literals;

TEST_CASE("what passes by itself is tried again from half a second to a minute",
          "[backoff][fault-1][fault-17]") {
    const Failure kind = GENERATE(Failure::unavailable,
                                  Failure::not_yet,
                                  Failure::io,
                                  Failure::cannot_write,
                                  Failure::denied);
    CHECK(retry_delay({.kind = kind, .attempt = 1, .retry_after = {}}, 0.0) == 500ms);
    CHECK(retry_delay({.kind = kind, .attempt = 3, .retry_after = {}}, 0.0) == 2s);
    for (const unsigned attempt : {7U, 8U, 100U, ~0U}) {
        CHECK(retry_delay({.kind = kind, .attempt = attempt, .retry_after = {}}, 0.999) <= 60s);
        CHECK(retry_delay({.kind = kind, .attempt = attempt, .retry_after = {}}, 0.0) >= 30s);
    }
}

TEST_CASE("what waits for somebody is tried every few minutes", "[backoff][fault-27]") {
    const Failure kind = GENERATE(Failure::rejected, Failure::config, Failure::usage);
    CHECK(retry_delay({.kind = kind, .attempt = 1, .retry_after = {}}, 0.0) == 30s);
    CHECK(retry_delay({.kind = kind, .attempt = 9, .retry_after = {}}, 0.0) == 150s);
    CHECK(retry_delay({.kind = kind, .attempt = 9, .retry_after = {}}, 0.999) <= 5min);
}

TEST_CASE("the server's Retry-After is the floor", "[backoff][fault-24]") {
    const auto delay =
        retry_delay({.kind = Failure::not_yet, .attempt = 1, .retry_after = 42s}, 0.5);
    CHECK(delay >= 42s);
    CHECK(delay < 43s);
}

TEST_CASE("no wait is longer than the longest", "[backoff]") {
    const Failure kind = GENERATE(Failure::not_yet, Failure::rejected);
    CHECK(retry_delay({.kind = kind, .attempt = 99, .retry_after = kLongestRetryAfter}, 0.999) <=
          kLongestRetryDelay);
}

TEST_CASE("a Retry-After below the back-off does not shorten it", "[backoff]") {
    const auto delay =
        retry_delay({.kind = Failure::not_yet, .attempt = 9, .retry_after = 1s}, 0.0);
    CHECK(delay == 30s);
}

TEST_CASE("a routine wait is its length or up to a fifth less", "[backoff]") {
    CHECK(routine_delay(100s, 0.0) == 100s);
    CHECK(routine_delay(100s, 0.5) == 90s);
    CHECK(routine_delay(100s, 0.999) == 81s);
    CHECK(routine_delay(0s, 0.5) == 0s);
    CHECK(routine_delay(std::chrono::years{10}, 0.5) < std::chrono::years{10});
    CHECK(routine_delay(1s, 0.999) == 1s);
}
