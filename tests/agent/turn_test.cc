// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/turn.h"

#include <filesystem>

#include <catch2/catch.hpp>

#include "turn_host.h"

using namespace install_cert;
using namespace install_cert::agent;
using namespace install_cert::testing;
using namespace std::chrono_literals;

TEST_CASE("a first turn installs what is described, a second one asks for nothing", "[turn]") {
    Host host;
    const TurnReport first = host.turn();
    CHECK(first.certificates[0].kind == OutcomeKind::installed);
    CHECK(first.all_valid);
    CHECK(exit_code(first) == 0);
    const TurnReport second = host.turn();
    CHECK(second.certificates[0].kind == OutcomeKind::kept);
    CHECK(host.issuer.requests() == 1);
    CHECK(second.next_wake > host.clock.now());
}

TEST_CASE("no token waits for a consumer", "[turn]") {
    Host host;
    host.role.certificates[0].consumers = {unit("etcd.service", role::When::certificate_change)};
    (void)host.turn();
    CHECK(host.services.calls().size() == 1);
    CHECK(host.reloads_before_leaving == 0);
}

TEST_CASE("a token is measured by the certificates that are asked for with it", "[turn]") {
    Host host({"web", "db"});
    host.role.certificates[0].auth.token_file = "/web-token";
    host.role.certificates[1].auth.token_file = "/db-token";
    host.role.certificates[1].ttl = 24h;
    for (const std::string source : {"/web-token", "/db-token"}) {
        host.state.tokens[source].final_end = host.clock.now() + 48h;
        host.state.tokens[source].next_care = host.clock.now() + 24h;
    }
    const TurnReport report = host.turn();
    REQUIRE(report.ending_tokens.size() == 1);
    CHECK(report.ending_tokens[0].source == "/web-token");
}

TEST_CASE("an answer that is not valid yet is held until it is, without another request",
          "[turn][fault-5]") {
    Host host({"web", "db"});
    host.issuer.run_ahead(70s);
    const WallTime before = host.clock.now();
    const TurnReport report = host.turn();
    CHECK(exit_code(report) == 0);
    CHECK(host.issuer.requests() == 2);
    CHECK(host.clock.now() == before + 35s);  // 40 s, of which 5 are tolerated
    CHECK_THAT(report.certificates[0].remarks.back(), Catch::Contains("clock"));
    CHECK(std::filesystem::exists(host.file("web.pem")));
    CHECK(std::filesystem::exists(host.file("db.pem")));
}

TEST_CASE("an answer that is valid only after the turn's end is not waited for",
          "[turn][fault-5]") {
    Host host;
    host.issuer.run_ahead(4min);
    const WallTime before = host.clock.now();
    const TurnReport report = host.turn();
    CHECK(exit_code(report) == 75);
    CHECK(host.clock.now() == before);
    CHECK_THAT(report.certificates[0].error->what, Catch::Contains("clock"));
}

TEST_CASE("the certificate that is installed, answered again, is not published again",
          "[turn][fault-53]") {
    Host host;
    host.role.certificates[0].rekey = role::Rekey::never;
    (void)host.turn();
    const auto installed = std::filesystem::read_symlink(host.file(".web/current"));
    host.issuer.repeat_itself();
    host.clock.advance(1h);
    const TurnReport report = host.turn(renewal::Wish::renew_now);
    CHECK(report.certificates[0].kind == OutcomeKind::failed);
    CHECK_THAT(report.certificates[0].error->what, Catch::Contains("not a new one"));
    CHECK(std::filesystem::read_symlink(host.file(".web/current")) == installed);
}

TEST_CASE("one certificate's failure never keeps another from being installed",
          "[turn][fault-27]") {
    Host host({"web", "db"});
    host.issuer.fail("web", {.kind = Failure::rejected, .what = "400"});
    const TurnReport report = host.turn();
    CHECK(report.certificates[0].kind == OutcomeKind::failed);
    CHECK(report.certificates[1].kind == OutcomeKind::installed);
    CHECK_FALSE(report.all_valid);
    CHECK(exit_code(report) == 76);
    CHECK(std::filesystem::exists(host.file("db.pem")));
    CHECK_FALSE(std::filesystem::exists(host.file("web.pem")));
}

TEST_CASE("the last good set stays when a renewal fails", "[turn]") {
    Host host;
    (void)host.turn();
    const std::string before = host.content("web.pem");
    host.clock.advance(600h);
    host.issuer.fail("web", {.kind = Failure::unavailable, .what = "sealed"});
    const TurnReport report = host.turn();
    CHECK(report.certificates[0].kind == OutcomeKind::failed);
    CHECK(report.all_valid);
    CHECK(host.content("web.pem") == before);
    CHECK(exit_code(report) == 69);
}

TEST_CASE("a set that cannot be looked at rests between two tries", "[turn]") {
    Host host;
    std::filesystem::create_directories(host.file("web.pem"));
    const TurnReport first = host.turn();
    CHECK(first.certificates[0].kind == OutcomeKind::failed);
    WallTime last = host.clock.now();
    for (int attempt = 0; attempt < 5; ++attempt) {
        const TurnReport report = host.turn();
        CHECK(report.next_wake > last);
        last = report.next_wake;
        host.clock.advance(report.next_wake - host.clock.now());
    }
    CHECK(host.state.certificates["web"].last_error->attempts == 6);
    CHECK(host.issuer.requests() == 0);
    std::filesystem::remove(host.file("web.pem"));
    CHECK(host.turn().certificates[0].kind == OutcomeKind::installed);
}

TEST_CASE("a set that cannot be put right in place is renewed in its time", "[turn]") {
    Host host;
    (void)host.turn();
    const std::string old_leaf = host.content("web.pem");
    std::filesystem::create_hard_link(std::filesystem::canonical(host.file("web.pem")),
                                      host.root.path() / "backup");
    std::filesystem::permissions(host.root.path() / "backup", std::filesystem::perms{0600});
    const TurnReport stuck = host.turn();
    CHECK(stuck.certificates[0].kind == OutcomeKind::failed);
    CHECK(stuck.next_wake > host.clock.now());
    host.clock.advance(600h);
    CHECK(host.turn().certificates[0].kind == OutcomeKind::installed);
    CHECK(host.content("web.pem") != old_leaf);
    CHECK_FALSE(host.state.certificates["web"].last_error);
}

TEST_CASE("a destination that cannot be written is never asked for", "[turn]") {
    Host host;
    std::filesystem::create_directories(host.file("web.pem"));  // a directory at our name
    const TurnReport report = host.turn();
    CHECK(report.certificates[0].kind == OutcomeKind::failed);
    CHECK(exit_code(report) == 73);
    CHECK(host.issuer.requests() == 0);
    CHECK(host.state.certificates["web"].requests.empty());
}

TEST_CASE("a turn that renews leaves nothing of an interrupted one", "[turn]") {
    Host host;
    (void)host.turn();
    const std::filesystem::path litter = host.file(".web/20200101T000000Z-00000000");
    std::filesystem::create_directory(litter);
    host.clock.advance(1h);
    CHECK(host.turn(renewal::Wish::renew_now).certificates[0].kind == OutcomeKind::installed);
    CHECK_FALSE(std::filesystem::exists(litter));
}

TEST_CASE("with on_boot always another boot renews, a restart does not", "[turn]") {
    Host host;
    host.role.renewal.on_boot = role::OnBoot::always;
    (void)host.turn();
    (void)host.turn();
    CHECK(host.issuer.requests() == 1);
    host.boot_id = "second";
    host.clock.advance(1h);
    CHECK(host.turn().certificates[0].cause == renewal::Cause::boot);
    (void)host.turn();
    CHECK(host.issuer.requests() == 2);
}

TEST_CASE("drift heals: names by a reissue, modes and links in place, a lost file by a reissue",
          "[turn]") {
    Host host;
    (void)host.turn();
    SECTION("a name more") {
        host.role.certificates[0].names.dns = {"more.cluster.local"};
        CHECK(host.turn().certificates[0].cause == renewal::Cause::request_changed);
        CHECK(host.issuer.requests() == 2);
        CHECK(host.turn().certificates[0].kind == OutcomeKind::kept);
    }
    SECTION("a mode") {
        std::filesystem::permissions(host.file("web-key.pem"), std::filesystem::perms{0644});
        CHECK(host.turn().certificates[0].kind == OutcomeKind::repaired);
        CHECK(std::filesystem::status(host.file("web-key.pem")).permissions() ==
              std::filesystem::perms{0600});
        CHECK(host.issuer.requests() == 1);
    }
    SECTION("a link") {
        std::filesystem::remove(host.file("web.pem"));
        CHECK(host.turn().certificates[0].kind == OutcomeKind::repaired);
        CHECK(std::filesystem::exists(host.file("web.pem")));
        CHECK(host.issuer.requests() == 1);
    }
    SECTION("a file behind its link") {
        std::filesystem::remove(std::filesystem::canonical(host.file("web-key.pem")));
        CHECK(host.turn().certificates[0].cause == renewal::Cause::damaged);
        CHECK(host.content("web-key.pem").starts_with("-----BEGIN PRIVATE KEY-----"));
    }
}

TEST_CASE("a shorter lifetime than asked is followed and does not loop", "[turn][fault-48]") {
    Host host;
    host.issuer.grant(24h);
    const TurnReport report = host.turn();
    CHECK(report.certificates[0].kind == OutcomeKind::installed);
    CHECK(report.certificates[0].remarks.size() == 3);  // two directories made, and the lifetime
    CHECK(report.certificates[0].next < host.clock.now() + 16h);
    CHECK(host.turn().certificates[0].kind == OutcomeKind::kept);
}

TEST_CASE("with rekey never the key stays, else it is a new one", "[turn]") {
    Host host;
    const auto rekey = GENERATE(role::Rekey::never, role::Rekey::always);
    host.role.certificates[0].rekey = rekey;
    (void)host.turn();
    const std::string key = host.content("web-key.pem");
    host.clock.advance(600h);
    CHECK(host.turn().certificates[0].cause == renewal::Cause::due);
    CHECK((host.content("web-key.pem") == key) == (rekey == role::Rekey::never));
}

TEST_CASE("with rekey never an intact key stays, whatever else was lost", "[turn]") {
    Host host;
    host.role.certificates[0].rekey = role::Rekey::never;
    (void)host.turn();
    const std::string key = host.content("web-key.pem");
    std::filesystem::remove(std::filesystem::canonical(host.file("web-ca.pem")));
    host.clock.advance(1min);
    CHECK(host.turn().certificates[0].kind == OutcomeKind::installed);
    CHECK(host.content("web-key.pem") == key);
    std::filesystem::remove(std::filesystem::canonical(host.file("web-key.pem")));
    host.clock.advance(1min);
    const TurnReport report = host.turn();
    CHECK(report.certificates[0].kind == OutcomeKind::installed);
    CHECK_THAT(join(report.certificates[0].remarks, " "), Catch::Contains("gets a new key"));
}
