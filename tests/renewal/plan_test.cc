// SPDX-License-Identifier: Apache-2.0
#include "renewal/plan.h"

#include <functional>

#include <catch2/catch.hpp>

using namespace install_cert;
using namespace install_cert::renewal;
using namespace std::chrono_literals;

namespace {

constexpr WallTime kNow{1'795'268'700s};

role::CertificateSpec spec() {
    role::CertificateSpec result;
    result.name = "web";
    result.mount = "pki";
    result.pki_role = "web";
    result.ttl = 720h;
    return result;
}

InstalledFacts good(const role::CertificateSpec& of) {
    return {.damage = {},
            .request_digest = role::request_digest(of),
            .boot_id = "this",
            .received = kNow - 24h,
            .not_before = kNow - 24h,
            .not_after = kNow + 696h};
}

struct Row {
    std::string why;
    std::function<void(InstalledFacts&)> change;
    Cause cause;
    bool valid;
};

}  // namespace

TEST_CASE("what is installed is renewed for a reason, and the gravest reason is told",
          "[plan][fault-6][fault-8]") {
    const role::CertificateSpec web = spec();
    const std::vector<Row> rows{
        {"a good one is kept", [](InstalledFacts&) {}, Cause::none, true},
        {"a damaged one is not valid",
         [](auto& f) { f.damage = "web.pem is missing"; },
         Cause::damaged,
         false},
        {"damage is told before age",
         [](auto& f) {
             f.damage = "web.pem is missing";
             f.not_after = kNow - 1s;
         },
         Cause::damaged,
         false},
        {"another request is asked for",
         [](auto& f) { f.request_digest = "other"; },
         Cause::request_changed,
         true},
        {"an expired one", [](auto& f) { f.not_after = kNow; }, Cause::expired, false},
        {"one from before this boot", [](auto& f) { f.boot_id = "last"; }, Cause::boot, true},
        {"one past its share", [](auto& f) { f.received = kNow - 2000h; }, Cause::due, true},
        {"drift alone is no reason to ask", [](auto& f) { f.drifted = true; }, Cause::none, true},
    };
    for (const Row& row : rows) {
        INFO(row.why);
        InstalledFacts facts = good(web);
        row.change(facts);
        const Decision decision = decide({},
                                         {.spec = &web, .installed = facts},
                                         {.now = kNow, .boot_id = "this", .machine_id = "m"},
                                         Wish::what_is_due);
        CHECK(decision.cause == row.cause);
        CHECK(decision.valid == row.valid);
        CHECK(decision.repair == (facts.drifted && facts.damage.empty()));
        CHECK((decision.next_renewal > kNow) == (row.cause == Cause::none));
        CHECK_FALSE(decision.why.empty());
    }
}

TEST_CASE("nothing installed is asked for and not valid", "[plan]") {
    const role::CertificateSpec web = spec();
    const Decision decision = decide(
        {}, {.spec = &web}, {.now = kNow, .boot_id = "this", .machine_id = "m"}, Wish::what_is_due);
    CHECK(decision.cause == Cause::not_installed);
    CHECK_FALSE(decision.valid);
}

TEST_CASE("with when_due a boot is no reason", "[plan]") {
    const role::CertificateSpec web = spec();
    const Decision decision = decide({.on_boot = role::OnBoot::when_due},
                                     {.spec = &web, .installed = good(web)},
                                     {.now = kNow, .boot_id = "next", .machine_id = "m"},
                                     Wish::what_is_due);
    CHECK(decision.cause == Cause::none);
}

TEST_CASE("an operator's wish is always followed", "[plan]") {
    const role::CertificateSpec web = spec();
    const Decision decision =
        decide({},
               {.spec = &web, .installed = good(web), .leaf_postponed_until = kNow + 1h},
               {.now = kNow, .boot_id = "this", .machine_id = "m"},
               Wish::renew_now);
    CHECK(decision.cause == Cause::asked);
    CHECK(decision.valid);
}

TEST_CASE("with a clock from before the build nothing is judged expired", "[plan][fault-4]") {
    const role::CertificateSpec web = spec();
    InstalledFacts facts = good(web);
    facts.boot_id = "last";
    const Decision decision = decide({},
                                     {.spec = &web, .installed = facts},
                                     {.now = WallTime{0s}, .boot_id = "this", .machine_id = "m"},
                                     Wish::what_is_due);
    CHECK(decision.cause == Cause::none);
    CHECK(decision.valid);
}

TEST_CASE("a leaf whose CA went ahead is asked for when the lead is over, not before", "[plan]") {
    const role::CertificateSpec web = spec();
    const Situation situation{.now = kNow, .boot_id = "this", .machine_id = "m"};
    InstalledFacts due = good(web);
    due.boot_id = "last";
    const Decision waits =
        decide({},
               {.spec = &web, .installed = due, .leaf_postponed_until = kNow + 2h},
               situation,
               Wish::what_is_due);
    CHECK(waits.cause == Cause::none);
    CHECK(waits.next_renewal == kNow + 2h);
    const Decision asks =
        decide({},
               {.spec = &web, .installed = good(web), .leaf_postponed_until = kNow},
               situation,
               Wish::what_is_due);
    CHECK(asks.cause == Cause::due);
    due.not_after = kNow - 1s;
    const Decision must =
        decide({},
               {.spec = &web, .installed = due, .leaf_postponed_until = kNow + 2h},
               situation,
               Wish::what_is_due);
    CHECK(must.cause == Cause::expired);
}
