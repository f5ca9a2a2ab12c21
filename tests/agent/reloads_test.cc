// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/reloads.h"

#include <catch2/catch.hpp>

#include "turn_host.h"

using namespace install_cert;
using namespace install_cert::agent;
using namespace install_cert::testing;
using namespace std::chrono_literals;

TEST_CASE(
    "a consumer is reloaded once for all its certificates, after the first and after each renewal",
    "[turn][fault-82]") {
    Host host({"web", "db"});
    for (auto& spec : host.role.certificates) {
        spec.consumers = {unit("nginx.service", role::When::certificate_change)};
    }
    CHECK(host.turn().reloads.size() == 1);
    CHECK(host.turn().reloads.empty());
    host.clock.advance(600h);
    CHECK(host.turn().reloads.size() == 1);
}

TEST_CASE("a failed reload stays owed and is paid without issuing again", "[turn][fault-78]") {
    Host host;
    host.role.certificates[0].consumers = {unit("nginx.service", role::When::certificate_change)};
    host.services.answer_next("nginx.service",
                              {.state = consumers::ReloadState::failed, .what = "failed"});
    const TurnReport first = host.turn();
    CHECK(exit_code(first) == 75);
    CHECK(host.turn().reloads.empty());  // in back-off
    host.clock.advance(2min);
    const TurnReport later = host.turn();
    REQUIRE(later.reloads.size() == 1);
    CHECK(later.reloads[0].outcome.state == consumers::ReloadState::done);
    CHECK(host.issuer.requests() == 1);
}

TEST_CASE("a reload that goes on failing is tried less and less often", "[turn][fault-78]") {
    Host host;
    host.role.certificates[0].consumers = {unit("nginx.service", role::When::certificate_change)};
    const consumers::ReloadOutcome failed{.state = consumers::ReloadState::failed, .what = "no"};
    host.services.answer_always("nginx.service", failed);
    std::vector<std::chrono::seconds> waits;
    for (int tries = 0; tries < 6; ++tries) {
        const TurnReport report = host.turn();
        REQUIRE(report.reloads.size() == 1);
        waits.push_back(report.next_wake - host.clock.now());
        host.clock.advance(waits.back());
    }
    CHECK(waits == std::vector<std::chrono::seconds>{45s, 90s, 180s, 225s, 225s, 225s});
    host.services.clear_answers();
    CHECK(host.turn().reloads[0].outcome.state == consumers::ReloadState::done);

    host.services.answer_next("nginx.service", failed);
    CHECK(host.turn(renewal::Wish::renew_now).next_wake == host.clock.now() + 45s);
}

TEST_CASE("a person's turn tries a failed reload at once and exits with its result", "[turn]") {
    Host host;
    host.role.certificates[0].consumers = {unit("nginx.service", role::When::certificate_change)};
    host.services.answer_always("nginx.service",
                                {.state = consumers::ReloadState::failed, .what = "failed"});
    (void)host.turn();
    const TurnReport asked =
        host.turn(renewal::Wish::what_is_due, TurnRequest::Patience::tries_at_once);
    CHECK(asked.reloads.size() == 1);
    CHECK(exit_code(asked) == 75);
    CHECK(host.issuer.requests() == 1);
}

TEST_CASE("a consumer for which no time is left stays owed, and what was paid is written at once",
          "[turn]") {
    Host host({"web", "db"});
    host.role.certificates[0].consumers = {unit("nginx.service", role::When::certificate_change)};
    host.role.certificates[1].consumers = {
        unit("postgres.service", role::When::certificate_change)};
    host.services.take_time([&] { host.clock.advance(40s); });
    host.reloads_take = 50s;
    const TurnReport report = host.turn();
    REQUIRE(host.services.calls().size() == 2);
    CHECK(host.services.calls()[0].consumer.timeout == 30s);
    CHECK(host.services.calls()[1].consumer.timeout == 10s);
    host.clock.advance(1min);
    host.services.take_time({});
    CHECK(host.turn().reloads.empty());

    (void)host.turn(renewal::Wish::renew_now);
    host.clock.advance(1min);
    host.reloads_take = 0s;
    const TurnReport late = host.turn(renewal::Wish::renew_now);
    REQUIRE(late.reloads.size() == 2);
    CHECK(late.reloads[0].outcome.state == consumers::ReloadState::failed);
    CHECK(exit_code(late) == 75);
    host.clock.advance(2min);
    host.reloads_take = 50s;
    CHECK(host.turn().reloads.size() == 2);
    CHECK(host.saved == host.state);
    CHECK(report.reloads.size() == 2);
}

TEST_CASE("a lost state costs one reload too many and no request", "[turn]") {
    Host host;
    host.role.certificates[0].consumers = {unit("nginx.service", role::When::certificate_change)};
    (void)host.turn();
    host.state = {};
    CHECK(host.turn().reloads.size() == 1);
    CHECK(host.issuer.requests() == 1);
}

TEST_CASE("a reload owed to who left the configuration wakes nobody", "[turn]") {
    Host host;
    host.role.certificates[0].consumers = {unit("nginx.service", role::When::certificate_change)};
    host.services.answer_always("nginx.service",
                                {.state = consumers::ReloadState::failed, .what = "no"});
    const TurnReport owing = host.turn();
    CHECK(owing.next_wake <= host.clock.now() + 1min);
    host.role.certificates[0].consumers.clear();
    host.clock.advance(2min);
    CHECK(host.turn().next_wake > host.clock.now() + 30min);
}

TEST_CASE("where consumers are left alone no debt is noted, and an older one wakes nobody",
          "[turn]") {
    Host host;
    host.role.certificates[0].consumers = {unit("nginx.service", role::When::certificate_change)};
    const bool has_an_older_one = GENERATE(false, true);
    if (has_an_older_one) {
        host.services.answer_always("nginx.service",
                                    {.state = consumers::ReloadState::failed, .what = "no"});
        (void)host.turn();
    }
    host.leaves_consumers_alone = true;
    host.clock.advance(2min);
    CHECK(host.turn().next_wake > host.clock.now() + 30min);
    CHECK(host.state.certificates["web"].owed_reloads.empty() != has_an_older_one);
}

TEST_CASE("a restart for a changed CA keeps to this host's slot within the lead",
          "[turn][fault-83]") {
    Host host;
    host.role.certificates[0].consumers = {unit("etcd.service", role::When::ca_change)};
    CHECK(host.turn().reloads.size() == 1);  // the first installation waits for nobody
    host.issuer.rotate_to(TestAuthority::root("new CA", {.key = "P-256", .which = 1}));
    host.clock.advance(1h);
    const TurnReport changed = host.turn();
    CHECK(changed.reloads.empty());
    CHECK(changed.next_wake <= host.clock.now() + 2h);
    host.clock.advance(2h);
    CHECK(host.turn().reloads.size() == 1);
    CHECK(host.turn().reloads.empty());
}

TEST_CASE("certificates that are renewed meanwhile do not put a restart off", "[turn][fault-83]") {
    Host host({"web", "db"});
    for (role::CertificateSpec& spec : host.role.certificates) {
        spec.consumers = reloaded_and_restarted("etcd.service");
    }
    CHECK(host.turn().reloads.size() == 1);
    host.issuer.rotate_to(TestAuthority::root("new CA", {.key = "P-256", .which = 1}));
    host.clock.advance(1h);
    CHECK(host.turn().reloads.empty());
    const WallTime slot =
        host.state.certificates.at("web").owed_reloads.at("unit etcd.service on ca_change").due;
    REQUIRE(slot > host.clock.now() + 11s);
    host.clock.advance(11s);
    (void)host.turn(renewal::Wish::renew_now);
    CHECK(host.state.certificates.at("db").owed_reloads.at("unit etcd.service on ca_change").due ==
          slot);
    host.clock.advance(slot - host.clock.now());
    CHECK(host.turn().reloads.size() == 1);
}

TEST_CASE("no slot keeps a consumer waiting whose certificate has expired", "[turn][fault-83]") {
    Host host;
    host.role.certificates[0].consumers = reloaded_and_restarted("etcd.service");
    CHECK(host.turn().reloads.size() == 1);
    host.issuer.rotate_to(TestAuthority::root("new CA", {.key = "P-256", .which = 1}));
    host.clock.advance(721h);
    CHECK(host.turn().reloads.size() == 1);
}
