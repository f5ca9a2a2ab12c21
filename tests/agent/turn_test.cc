// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/turn.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <random>

#include <catch2/catch.hpp>

#include "foundation/text.h"
#include "installation/posix_file_system.h"
#include "support/manual_clock.h"
#include "support/recording_services.h"
#include "support/temporary_directory.h"
#include "support/test_issuer.h"

using namespace install_cert;
using namespace install_cert::agent;
using namespace install_cert::testing;
using namespace std::chrono_literals;

namespace {

role::CertificateSpec spec_of(const std::string& name) {
    role::CertificateSpec spec;
    spec.name = name;
    spec.mount = "kluster/pki";
    spec.pki_role = name;
    spec.method = role::Method::sign;
    spec.names = {.common_name = name + ".cluster.local",
                  .dns = {},
                  .ip = {"10.0.0.7"},
                  .uri = {},
                  .email = {}};
    spec.ttl = 720h;
    spec.directory = "/etc/certs";
    spec.ownership = {.uid = ::geteuid(), .gid = ::getegid()};
    spec.files = {.ca = role::File{.name = name + "-ca.pem", .mode = 0644},
                  .certificate = role::File{.name = name + ".pem", .mode = 0644},
                  .key = role::File{.name = name + "-key.pem", .mode = 0600},
                  .response = {}};
    return spec;
}

role::Consumer unit(const std::string& name, role::When when) {
    return {.what = role::UnitConsumer{.unit = name, .action = role::UnitAction::restart},
            .when = when};
}

// One unit with two occasions: its new leaf is read when it is told to, a new CA at a start.
std::vector<role::Consumer> reloaded_and_restarted(const std::string& name) {
    return {
        unit(name, role::When::ca_change),
        {.what = role::UnitConsumer{.unit = name, .action = role::UnitAction::reload_or_restart},
         .when = role::When::certificate_change}};
}

// A host with one temporary root, on which turns are run one after the other.
struct Host {
    explicit Host(std::vector<std::string> names = {"web"}) {
        for (const std::string& name : names) {
            role.certificates.push_back(spec_of(name));
        }
        role.renewal.on_boot = role::OnBoot::when_due;
    }

    TurnReport turn(renewal::Wish wish = renewal::Wish::what_is_due,
                    TurnRequest::Patience patience = TurnRequest::Patience::keeps_backoff) {
        TurnRequest request{
            .wish = wish,
            .certificates = {},
            .situation = {.now = clock.now(), .boot_id = boot_id, .machine_id = "machine"},
            .deadline = clock.since_boot() + BootTime{60s},
            .reloads_until = clock.since_boot() + BootTime{reloads_take},
            .patience = patience};
        std::ranges::transform(role.certificates,
                               std::back_inserter(request.certificates),
                               [](const auto& spec) { return &spec; });
        const TurnPorts ports{
            .clock = clock,
            .store = store,
            .issuer = [this]() -> Result<issuance::Issuer*> { return &issuer; },
            .leave_vault = [this] { reloads_before_leaving = services.calls().size(); },
            .services = &services,
            .care_for_tokens = {},
            .random = random,
            .save = [this](const State& now) -> Result<> {
                saved = now;
                return {};
            },
            .sleep_until = [this](WallTime time) { clock.advance(time - clock.now()); }};
        return run_turn(role, request, ports, state);
    }

    [[nodiscard]] std::filesystem::path file(const std::string& name) const {
        return root.path() / "etc/certs" / name;
    }

    [[nodiscard]] std::string content(const std::string& name) const {
        std::ifstream stream(file(name));
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    TemporaryDirectory root;
    ManualClock clock;
    installation::PosixFileSystem files;
    installation::GenerationStore store{files, root.string(), clock};
    TestIssuer issuer{TestAuthority::root("old CA"), clock};
    RecordingServices services;
    role::Role role;
    State state;
    State saved;
    std::function<double()> random = [] { return 0.5; };
    std::chrono::seconds reloads_take = 1h;
    std::optional<std::size_t> reloads_before_leaving;
    std::string boot_id = "first";
};

}  // namespace

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

TEST_CASE("the budget is saved before Vault is asked", "[turn][fault-90]") {
    Host host;
    host.issuer.fail("web", {.kind = Failure::unavailable, .what = "sealed"});
    (void)host.turn();
    CHECK(host.saved.certificates["web"].requests.size() == 1);
}

TEST_CASE("no token waits for a consumer", "[turn]") {
    Host host;
    host.role.certificates[0].consumers = {unit("etcd.service", role::When::certificate_change)};
    (void)host.turn();
    CHECK(host.services.calls().size() == 1);
    CHECK(host.reloads_before_leaving == 0);
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

TEST_CASE("a certificate in back-off is left alone by the schedule and asked for by a person",
          "[turn]") {
    Host host;
    host.issuer.fail("web", {.kind = Failure::rejected, .what = "400"});
    (void)host.turn();
    const TurnReport patient = host.turn();
    CHECK(patient.certificates[0].kind == OutcomeKind::postponed);
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
    CHECK(early.certificates[0].kind == OutcomeKind::postponed);
    CHECK(exit_code(early) == 75);
    CHECK(host.issuer.requests() == 1);
    host.clock.advance(11s);
    (void)host.turn(renewal::Wish::renew_now);
    CHECK(host.issuer.requests() == 2);
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
