// SPDX-License-Identifier: Apache-2.0
#include "renewal/schedule.h"

#include <array>
#include <cmath>
#include <string>

#include <catch2/catch.hpp>

using namespace install_cert;
using namespace install_cert::renewal;
using namespace std::chrono_literals;

namespace {

constexpr WallTime kReceived{1'795'268'700s};

role::RenewalPolicy policy(double at, double spread) {
    return {.at = role::ShareOfLifetime{at}, .spread = spread};
}

}  // namespace

TEST_CASE("renewal is due at a share of the lifetime, earlier by the host's share of the spread",
          "[schedule]") {
    const auto [at, spread, share, hours] = GENERATE(table<double, double, double, int>({
        {0.66, 0.0, 0.0, 475},
        {0.66, 0.10, 0.0, 475},
        {0.66, 0.10, 0.5, 439},
        {0.66, 0.10, 0.999999, 403},
        {0.5, 0.0, 0.7, 360},
    }));
    const WallTime due =
        due_at(policy(at, spread), {.received = kReceived, .not_after = kReceived + 720h}, share);
    CHECK(std::chrono::floor<std::chrono::hours>(due - kReceived).count() == hours);
}

TEST_CASE("renewal may be due a time before expiry", "[schedule]") {
    const role::RenewalPolicy before{.at = role::BeforeExpiry{48h}, .spread = 0.0};
    CHECK(due_at(before, {.received = kReceived, .not_after = kReceived + 720h}, 0.3) ==
          kReceived + 672h);
}

TEST_CASE("a lifetime of an hour and more is renewed at least 10 minutes before its end",
          "[schedule]") {
    CHECK(due_at(policy(0.99, 0), {.received = kReceived, .not_after = kReceived + 1h}, 0) ==
          kReceived + 50min);
    CHECK(due_at(policy(0.99, 0), {.received = kReceived, .not_after = kReceived + 30min}, 0) ==
          kReceived + 1782s);
}

TEST_CASE("a policy that asks for more than Vault grants does not renew without end",
          "[schedule]") {
    const role::RenewalPolicy before{.at = role::BeforeExpiry{720h}, .spread = 0.5};
    CHECK(due_at(before, {.received = kReceived, .not_after = kReceived + 24h}, 0.9) ==
          kReceived + 2h + 24min);
    CHECK(due_at(policy(0.1, 0.5), {.received = kReceived, .not_after = kReceived + 100s}, 0.9) ==
          kReceived + 10s);
}

TEST_CASE("a certificate that is over when it comes is due at its end, not before it began",
          "[schedule]") {
    CHECK(due_at(policy(0.66, 0.1), {.received = kReceived, .not_after = kReceived}, 0.5) ==
          kReceived);
}

TEST_CASE("a host keeps its place and has another one for each purpose", "[schedule]") {
    CHECK(host_share("a5f0", "web") == host_share("a5f0", "web"));
    CHECK(host_share("a5f0", "web") != host_share("a5f0", "db"));
    CHECK(host_share("a5f0", "web") != host_share("a5f1", "web"));
}

TEST_CASE("the places of a fleet are even", "[schedule][fault-9]") {
    constexpr int hosts = 10'000;
    constexpr std::size_t bins = 10;
    std::array<int, bins> count{};
    for (int host = 0; host < hosts; ++host) {
        const double share = host_share("machine-" + std::to_string(host), "web");
        REQUIRE(share >= 0.0);
        REQUIRE(share < 1.0);
        ++count.at(static_cast<std::size_t>(share * bins));
    }
    for (const int in_bin : count) {
        // 5 sigma of a binomial distribution around 1000.
        CHECK(std::abs(in_bin - hosts / static_cast<int>(bins)) < 150);
    }
}

TEST_CASE("a new leaf waits for its CA's lead, but never into the old leaf's last tenth",
          "[schedule]") {
    const Lifetime old{.received = kReceived, .not_after = kReceived + 100h};
    CHECK(last_tenth(old) == kReceived + 90h);
    CHECK(after_trust_lead(kReceived + 10h, 2h, old) == kReceived + 12h);
    CHECK(after_trust_lead(kReceived + 89h, 2h, old) == kReceived + 90h);
    CHECK(after_trust_lead(kReceived + 95h, 2h, old) == kReceived + 95h);
}
