// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/allowance.h"

#include <catch2/catch.hpp>

#include "turn_host.h"

using namespace install_cert;
using namespace install_cert::agent;
using namespace install_cert::testing;
using namespace std::chrono_literals;

TEST_CASE("the budget is saved before Vault is asked", "[turn][fault-90]") {
    Host host;
    host.issuer.fail("web", {.kind = Failure::unavailable, .what = "sealed"});
    (void)host.turn();
    CHECK(host.saved.certificates["web"].requests.size() == 1);
}

TEST_CASE("a request that could not be written down is not made, and not counted", "[turn]") {
    Host host;
    host.role.renewal.on_boot = role::OnBoot::always;
    host.disk_full = true;
    CHECK(exit_code(host.turn()) == 74);
    CHECK(host.issuer.requests() == 0);
    CHECK(host.state.certificates["web"].requests.empty());
    CHECK(host.state.certificates["web"].asked_in_boot.empty());
}

TEST_CASE("a certificate in back-off is left alone by the schedule and asked for by a person",
          "[turn]") {
    Host host;
    host.issuer.fail("web", {.kind = Failure::rejected, .what = "400"});
    (void)host.turn();
    const TurnReport patient = host.turn();
    CHECK(patient.certificates[0].kind == OutcomeKind::resting);
    CHECK(host.issuer.requests() == 1);
    CHECK(patient.next_wake >= host.clock.now() + 30s);
    host.clock.advance(11s);
    (void)host.turn(renewal::Wish::renew_now);
    CHECK(host.issuer.requests() == 2);
}

TEST_CASE("what the server asked for holds for a person too", "[turn]") {
    Host host;
    host.issuer.fail("web",
                     {.kind = Failure::not_yet, .what = "429", .way_out = {}, .retry_after = 60s});
    (void)host.turn();
    host.clock.advance(50s);
    const TurnReport early = host.turn(renewal::Wish::renew_now);
    CHECK(early.certificates[0].kind == OutcomeKind::resting);
    CHECK(exit_code(early) == 75);
    CHECK(host.issuer.requests() == 1);
    host.clock.advance(11s);
    (void)host.turn(renewal::Wish::renew_now);
    CHECK(host.issuer.requests() == 2);
}

TEST_CASE("a clock that is set back ends a wait that it had put far ahead", "[turn][fault-7]") {
    Host host;
    host.clock.set_wall(kNow + 365 * 24h);
    host.issuer.fail("web",
                     {.kind = Failure::not_yet, .what = "429", .way_out = {}, .retry_after = 60s});
    (void)host.turn();
    host.clock.set_wall(kNow);
    host.issuer.clear_failures();
    const bool of_a_person = GENERATE(false, true);
    CHECK(host.turn(of_a_person ? renewal::Wish::renew_now : renewal::Wish::what_is_due)
              .certificates[0]
              .kind == OutcomeKind::installed);
}

TEST_CASE("a token that Vault refuses spends no budget: the repaired one serves at once",
          "[turn]") {
    Host host;
    host.issuer.fail("web", {.kind = Failure::denied, .what = "403"});
    for (int attempt = 0; attempt < 20; ++attempt) {
        (void)host.turn();
        host.clock.advance(301s);
    }
    host.issuer.clear_failures();
    CHECK(host.turn().certificates[0].kind == OutcomeKind::installed);
}

TEST_CASE("certificates that go on failing are tried again in one turn", "[turn]") {
    Host host({"web", "db"});
    host.random = [draws = std::minstd_rand(1)]() mutable {
        return std::generate_canonical<double, 32>(draws);
    };
    host.issuer.fail("web", {.kind = Failure::denied, .what = "403"});
    const auto fail_for = [&](int turns) {
        const int before = host.issuer.requests();
        for (int turn = 0; turn < turns; ++turn) {
            const WallTime next = host.turn().next_wake;
            host.clock.advance(next - host.clock.now());
        }
        return host.issuer.requests() - before;
    };
    (void)fail_for(5);
    host.clock.advance(600h);
    host.issuer.fail("db", {.kind = Failure::denied, .what = "403"});
    (void)fail_for(20);
    CHECK(fail_for(20) == 40);
}

TEST_CASE("answers in a row that come to nothing spend at most ten requests in an hour", "[turn]") {
    Host host;
    host.issuer.fail("web", {.kind = Failure::rejected, .what = "the key does not match"});
    for (int minute = 0; minute < 60; ++minute) {
        (void)host.turn(renewal::Wish::what_is_due, TurnRequest::Patience::tries_at_once);
        host.clock.advance(59s);
    }
    CHECK(host.issuer.requests() == 10);
}

TEST_CASE("while Vault is away each try is made at its time, however many there were", "[turn]") {
    Host host;
    host.issuer.fail("web", {.kind = Failure::unavailable, .what = "sealed"});
    for (int minute = 0; minute < 60; ++minute) {
        (void)host.turn();
        host.clock.advance(61s);
    }
    CHECK(host.issuer.requests() == 60);
    host.issuer.clear_failures();
    CHECK(host.turn().certificates[0].kind == OutcomeKind::installed);
}

TEST_CASE(
    "an answer that was lost on its way stays counted, since a certificate may have been made",
    "[turn]") {
    Host host;
    host.issuer.fail("web",
                     {.kind = Failure::unavailable,
                      .what = "the connection was cut",
                      .way_out = {},
                      .retry_after = {},
                      .may_have_happened = true});
    for (int minute = 0; minute < 59; ++minute) {
        (void)host.turn();
        host.clock.advance(61s);
    }
    CHECK(host.issuer.requests() == 10);
}

TEST_CASE("only the first request of a boot is exempt from the budget", "[turn]") {
    Host host;
    host.role.renewal.on_boot = role::OnBoot::always;
    (void)host.turn();
    host.clock.advance(24h);
    host.boot_id = "second";
    host.issuer.fail("web", {.kind = Failure::rejected, .what = "the key does not match"});
    for (int minute = 0; minute < 59; ++minute) {
        (void)host.turn(renewal::Wish::what_is_due, TurnRequest::Patience::tries_at_once);
        host.clock.advance(61s);
    }
    CHECK(host.issuer.requests() == 11);
}
