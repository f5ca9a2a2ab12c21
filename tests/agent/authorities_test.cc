// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/authorities.h"

#include <catch2/catch.hpp>

#include "turn_host.h"

using namespace install_cert;
using namespace install_cert::agent;
using namespace install_cert::testing;
using namespace std::chrono_literals;

TEST_CASE("when the CA changes, trust goes first and the leaf follows after the lead",
          "[turn][fault-50]") {
    Host host;
    host.role.certificates[0].consumers = {unit("etcd.service", role::When::ca_change)};
    (void)host.turn();
    const std::string old_leaf = host.content("web.pem");
    host.issuer.rotate_to(TestAuthority::root("new CA", {.key = "P-256", .which = 1}));

    SECTION("noticed by the renewal itself") {
        host.clock.advance(20s);
        const TurnReport report = host.turn(renewal::Wish::renew_now);
        CHECK(report.certificates[0].kind == OutcomeKind::trust_published);
    }
    SECTION("noticed by the hourly look at the mount") {
        host.clock.advance(1h);
        const TurnReport report = host.turn();
        CHECK(report.certificates[0].kind == OutcomeKind::trust_published);
        CHECK(host.issuer.requests() == 1);
    }
    CHECK(host.content("web.pem") == old_leaf);
    const std::string bundle = host.content("web-ca.pem");
    CHECK(bundle.find("BEGIN CERTIFICATE", bundle.find("BEGIN CERTIFICATE") + 1) !=
          std::string::npos);

    host.clock.advance(600h);
    const TurnReport after = host.turn();
    CHECK(after.certificates[0].kind == OutcomeKind::installed);
    CHECK(host.content("web.pem") != old_leaf);
    CHECK(host.content("web-ca.pem") == bundle);
}

TEST_CASE("while Vault is away the daemon looks for a new CA now and then, and sleeps between",
          "[turn]") {
    Host host;
    (void)host.turn();
    host.issuer.hide_authorities({.kind = Failure::unavailable, .what = "sealed"});
    int turns = 0;
    for (const WallTime start = host.clock.now(); host.clock.now() < start + 48h; ++turns) {
        const TurnReport report = host.turn();
        REQUIRE(report.next_wake >= host.clock.now() + 1min);
        host.clock.advance(report.next_wake - host.clock.now());
    }
    CHECK(turns == host.issuer.lookups() + 1);
    CHECK(turns <= 48 * 5 + 1);
}

TEST_CASE("an old CA is trusted for one ttl after the mount presented it last", "[turn]") {
    Host host;
    host.role.renewal.at = role::ShareOfLifetime{0.95};  // no renewal of its own in between
    host.role.renewal.spread = 0;
    host.role.renewal.ca_refresh = 6h;
    (void)host.turn();
    const std::string old_ca = host.content("web-ca.pem");
    for (int look = 0; look < 19 * 4; ++look) {
        host.clock.advance(6h);
        (void)host.turn();
    }
    host.issuer.rotate_to(TestAuthority::root("new CA", {.key = "P-256", .which = 1}));
    if (GENERATE(false, true)) {
        host.state = {};  // lost: no reason to trust for a shorter time
    }
    for (int look = 0; look < 29 * 4; ++look) {
        host.clock.advance(6h);
        (void)host.turn();
        CHECK(host.content("web-ca.pem").find(old_ca) != std::string::npos);
    }
    for (int look = 0; look < 3 * 4; ++look) {
        host.clock.advance(6h);
        (void)host.turn();
    }
    CHECK(host.content("web-ca.pem").find(old_ca) == std::string::npos);
    CHECK_FALSE(host.content("web-ca.pem").empty());
}

TEST_CASE("one set's renewal does not put off the look at the CA for its neighbours", "[turn]") {
    Host host({"web", "db"});
    host.role.certificates[0].ttl = 1h;
    (void)host.turn();
    host.issuer.rotate_to(TestAuthority::root("new CA", {.key = "P-256", .which = 1}));
    const std::string before = host.content("db-ca.pem");
    for (int turn = 0; turn < 8; ++turn) {
        host.clock.advance(10min);
        (void)host.turn();
    }
    CHECK(host.content("db-ca.pem") != before);
}

TEST_CASE("a new CA is trusted although a change of the configuration is refused", "[turn]") {
    Host host;
    (void)host.turn();
    host.role.certificates[0].names.dns = {"new.cluster.local"};
    host.issuer.fail("web", {.kind = Failure::rejected, .what = "400"});
    host.issuer.rotate_to(TestAuthority::root("new CA", {.key = "P-256", .which = 1}));
    const std::string before = host.content("web-ca.pem");
    host.clock.advance(1h);
    const TurnReport report = host.turn();
    CHECK(exit_code(report) == 76);
    CHECK(host.content("web-ca.pem") != before);
}

TEST_CASE("a new CA is trusted while a renewal rests, which goes on resting", "[turn]") {
    Host host;
    (void)host.turn();
    host.clock.advance(600h);
    host.issuer.fail("web", {.kind = Failure::rejected, .what = "400"});
    (void)host.turn();
    host.issuer.rotate_to(TestAuthority::root("new CA", {.key = "P-256", .which = 1}));
    host.state.next_ca_look.clear();
    const auto failed = host.state.certificates["web"].last_error;
    const std::string before = host.content("web-ca.pem");
    const TurnReport report = host.turn();
    CHECK(host.content("web-ca.pem") != before);
    CHECK(report.certificates[0].kind == OutcomeKind::resting);
    CHECK(report.next_wake == failed->retry_at);
    CHECK(host.state.certificates["web"].last_error == failed);
    CHECK(host.issuer.requests() == 2);
}

TEST_CASE("a set without a key file gets the new CA with a new certificate", "[turn]") {
    Host host;
    host.role.certificates[0].files.key.reset();
    host.role.certificates[0].method = role::Method::issue;
    (void)host.turn();
    const std::string before = host.content("web-ca.pem");
    host.issuer.rotate_to(TestAuthority::root("new CA", {.key = "P-256", .which = 1}));
    host.clock.advance(1h);
    const TurnReport looked = host.turn();
    CHECK(looked.next_wake <= host.clock.now());
    host.clock.advance(1s);
    CHECK(host.turn().certificates[0].kind == OutcomeKind::installed);
    CHECK(host.content("web-ca.pem") != before);
    CHECK(host.issuer.requests() == 2);
}

TEST_CASE("a leaf that outlived its CA is renewed without waiting for trust", "[turn][fault-50]") {
    Host host;
    host.issuer.rotate_to(TestAuthority::root("old CA", {.not_after = kNow + 240h}));
    (void)host.turn();
    const std::string old_leaf = host.content("web.pem");
    host.issuer.rotate_to(TestAuthority::root("new CA", {.key = "P-256", .which = 1}));
    host.clock.advance(480h);
    const TurnReport report = host.turn();
    CHECK(report.certificates[0].kind == OutcomeKind::installed);
    CHECK(host.content("web.pem") != old_leaf);
    CHECK(host.issuer.requests() == 2);
}
