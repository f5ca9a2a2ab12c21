// SPDX-License-Identifier: Apache-2.0
// Orders in, exactly one delivery for each out, whatever Vault does.
#include "vault/vault_issuer.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/manual_clock.h"
#include "tests/support/scripted_transport.h"
#include "tests/support/test_authority.h"
#include "tests/vault/access.h"
#include "tests/vault/pki_answer.h"
#include "vault/issuing_batch.h"

namespace install_cert::vault {
namespace {

using std::chrono::seconds;
using testing::ManualClock;
using testing::PkiAnswer;
using testing::ScriptedTransport;
using testing::TestAuthority;
using testing::TestKey;

const TestAuthority& authority() {
    static const TestAuthority made = TestAuthority::root("cluster CA");
    return made;
}

std::string issue_answer() {
    const TestKey key("P-256");
    return PkiAnswer{.certificate = authority().issue({}, key),
                     .private_key = key.traditional(),
                     .issuing_ca = authority().pem()}
        .json();
}

std::string sign_answer() {
    return PkiAnswer{.certificate = authority().issue({}, TestKey("P-256")),
                     .issuing_ca = authority().pem()}
        .json();
}

struct Bench {
    ManualClock clock;
    ScriptedTransport transport{clock};
    role::VaultAccess access = testing::access_to("https://vault.test");
    std::vector<std::string> tokens{"s.first"};
    std::size_t reads = 0;
    Client client{transport,
                  access,
                  [this](const role::Auth& auth, const std::string&) -> Result<Secret> {
                      if (auth.token_file == "/absent") {
                          return fail(Failure::not_yet, "/absent: No such file or directory");
                      }
                      return Secret(tokens[std::min(reads++, tokens.size() - 1)]);
                  },
                  clock};
    VaultIssuer issuer{client, clock};
    std::deque<role::CertificateSpec> specs;
    std::vector<issuance::Order> orders;
    std::vector<std::vector<Result<issuance::IssuedMaterial>>> delivered;
    std::vector<std::size_t> sequence;

    role::CertificateSpec& order(const std::string& pki_role,
                                 role::Method method = role::Method::issue) {
        role::CertificateSpec& spec = specs.emplace_back();
        spec.name = pki_role;
        spec.mount = "pki";
        spec.pki_role = pki_role;
        spec.method = method;
        spec.auth.token_file = "/token";
        spec.names.common_name = "node";
        orders.push_back({.spec = &spec, .key = std::nullopt});
        return spec;
    }

    void run(seconds time = seconds{60}) {
        delivered.resize(orders.size());
        issuer.issue(std::move(orders),
                     clock.since_boot() + time,
                     [this](std::size_t index, Result<issuance::IssuedMaterial> material) {
                         delivered.at(index).push_back(std::move(material));
                         sequence.push_back(index);
                     });
        for (std::size_t i = 0; i < delivered.size(); ++i) {
            INFO("order " << i);
            REQUIRE(delivered[i].size() == 1);
        }
    }

    [[nodiscard]] const Result<issuance::IssuedMaterial>& result(std::size_t index) const {
        return delivered.at(index).at(0);
    }

    [[nodiscard]] Failure failure(std::size_t index) const {
        REQUIRE_FALSE(result(index));
        return result(index).error().kind;
    }
};

const std::string kWeb = "/v1/pki/issue/web";
const std::string kDb = "/v1/pki/issue/db";
const std::string kSign = "/v1/pki/sign/web";
constexpr std::string_view kForbidden = R"({"errors":["permission denied"]})";

}  // namespace

TEST_CASE("no orders are done at once", "[vault]") {
    Bench bench;
    bench.run();
    CHECK(bench.transport.seen().empty());
}

TEST_CASE("an issue order is one request and brings Vault's key", "[vault]") {
    Bench bench;
    bench.transport.reply(kWeb, {.body = issue_answer()});
    bench.order("web");
    bench.run();
    REQUIRE(bench.result(0));
    CHECK(bench.transport.seen().size() == 1);
    CHECK(bench.transport.seen()[0].token == "s.first");
    CHECK_THAT(bench.transport.seen()[0].body, !Catch::Contains("csr"));
    CHECK(bench.result(0)->response.empty());
}

TEST_CASE("the answer is kept as received only where a response file wants it", "[vault]") {
    Bench bench;
    const std::string answer = issue_answer();
    bench.transport.reply(kWeb, {.body = answer});
    bench.order("web").files.response = role::File{.name = "kube-bundle.certs", .mode = 0600};
    bench.run();
    REQUIRE(bench.result(0));
    CHECK(bench.result(0)->response.reveal() == answer);
}

TEST_CASE("a sign order sends a CSR and no key, and keeps its own", "[vault][fault-S1]") {
    Bench bench;
    bench.transport.reply(kSign, {.body = sign_answer()});
    SECTION("a new key of the kind that was asked for") {
        bench.order("web", role::Method::sign).key =
            x509::KeyKind{.type = x509::KeyType::ed25519, .bits = 0};
        bench.run();
        REQUIRE(bench.result(0));
        CHECK(bench.result(0)->key.kind().type == x509::KeyType::ed25519);
    }
    SECTION("EC P-256 where nothing was asked for") {
        bench.order("web", role::Method::sign);
        bench.run();
        REQUIRE(bench.result(0));
        CHECK(bench.result(0)->key.kind() == x509::KeyKind{.type = x509::KeyType::ec, .bits = 256});
    }
    SECTION("the installed key, for rekey: never") {
        const TestKey installed("P-256", 7);
        bench.order("web", role::Method::sign);
        bench.orders[0].key = installed.parsed();
        bench.run();
        REQUIRE(bench.result(0));
        CHECK(bench.result(0)->key.public_key_digest() == installed.parsed().public_key_digest());
    }
    CHECK_THAT(bench.transport.seen()[0].body, Catch::Contains("BEGIN CERTIFICATE REQUEST"));
    CHECK_THAT(bench.transport.seen()[0].body, !Catch::Contains("PRIVATE KEY"));
}

TEST_CASE("one certificate's failure keeps no other from coming", "[vault]") {
    struct Row {
        int status;
        std::string body;
        Failure kind;
    };

    const std::vector<Row> rows{
        {400, R"({"errors":["unknown role: web"]})", Failure::rejected},
        {403, std::string(kForbidden), Failure::denied},
        {404, R"({"errors":["no handler"]})", Failure::rejected},
        {405, R"({"errors":["unsupported operation"]})", Failure::rejected},
        {412, "{}", Failure::not_yet},
        {413, "{}", Failure::rejected},
        {429, "{}", Failure::not_yet},
        {500, "{}", Failure::unavailable},
        {501, "{}", Failure::unavailable},
        {502, "<html>", Failure::unavailable},
        {503, R"({"errors":["Vault is sealed"]})", Failure::unavailable},
        {504, "", Failure::unavailable},
        {200, "", Failure::rejected},
        {200, "<html>portal</html>", Failure::rejected},
        {200, R"({"data":)", Failure::rejected},
        {200, R"({"data":{"certificate":7}})", Failure::rejected},
        {200, R"({"warnings":["w"],"data":null})", Failure::rejected},
        {204, "", Failure::rejected},
        {302, "", Failure::rejected},
    };
    for (const Row& row : rows) {
        CAPTURE(row.status, row.body);
        Bench bench;
        bench.transport.reply(kWeb, {.status = row.status, .body = row.body});
        bench.transport.reply(kDb, {.body = issue_answer()});
        bench.transport.reply("/v1/auth/token/lookup-self", {.status = 403});
        bench.order("web");
        bench.order("db");
        bench.run();
        CHECK(bench.failure(0) == row.kind);
        CHECK_THAT(bench.result(0).error().what, Catch::StartsWith("pki/issue/web: "));
        CHECK(bench.result(1));
    }
}

TEST_CASE("a clock that is not Vault's is remarked", "[vault]") {
    struct Row {
        seconds ahead;
        std::vector<std::string> remarks;
    };

    const std::vector<Row> rows{
        {seconds{0}, {}},
        {seconds{-20}, {}},
        {seconds{40}, {"this host's clock is 40s behind Vault's"}},
        {seconds{-60}, {"this host's clock is 1m ahead of Vault's"}},
    };
    for (const Row& row : rows) {
        Bench bench;
        bench.transport.reply(kWeb,
                              {.body = issue_answer(), .date = bench.clock.now() + row.ahead});
        bench.order("web");
        bench.run();
        REQUIRE(bench.result(0));
        CHECK(bench.result(0)->warnings == row.remarks);
    }
}

TEST_CASE("a denied path is named with the policy line that it lacks", "[vault]") {
    Bench bench;
    bench.transport.reply(kWeb, {.status = 403, .body = std::string(kForbidden)});
    bench.transport.reply("/v1/auth/token/lookup-self",
                          {.body = R"({"data":{"policies":["default"],"ttl":60}})"});
    for (int i = 0; i < 5; ++i) {
        bench.order("web");
    }
    bench.run();
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(bench.failure(i) == Failure::denied);
        CHECK_THAT(bench.result(i).error().what, Catch::Contains("the token is valid"));
        CHECK(bench.result(i).error().way_out ==
              R"(path "pki/issue/web" { capabilities = ["update"] })");
    }
    CHECK(bench.transport.seen("/v1/auth/token/lookup-self") == 1);
    CHECK(bench.transport.seen(kWeb) == 5);
}

TEST_CASE("a token that was replaced in mid-turn is used for all orders, each asked again once",
          "[vault][fault-16]") {
    Bench bench;
    bench.tokens = {"s.old", "s.new"};
    for (int i = 0; i < 3; ++i) {
        bench.transport.reply(kWeb, {.status = 403, .body = std::string(kForbidden)});
    }
    bench.transport.reply(kWeb, {.body = issue_answer()});
    for (int i = 0; i < 3; ++i) {
        bench.order("web");
    }
    bench.run();
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(bench.result(i));
    }
    CHECK(bench.transport.seen(kWeb) == 6);
    CHECK(bench.reads == 2);
    CHECK(bench.transport.seen().back().token == "s.new");
}

TEST_CASE("a key is made once even when its request is sent twice", "[vault][fault-30][fault-S1]") {
    Bench bench;
    bench.tokens = {"s.old", "s.new"};
    bench.transport.reply(kSign, {.status = 403, .body = std::string(kForbidden)});
    bench.transport.reply(kSign, {.body = sign_answer()});
    bench.order("web", role::Method::sign);
    bench.run();
    REQUIRE(bench.result(0));
    REQUIRE(bench.transport.seen().size() == 2);
    CHECK(bench.transport.seen()[0].body == bench.transport.seen()[1].body);
}

TEST_CASE("once Vault is sealed or throttling nothing more is asked of it", "[vault][fault-20]") {
    for (const int status : {429, 501, 503}) {
        CAPTURE(status);
        Bench bench;
        bench.transport.reply(kWeb, {.status = status, .body = "{}", .retry_after = seconds{17}});
        for (std::size_t i = 0; i < 3 * kInFlight; ++i) {
            bench.order("web");
        }
        bench.run();
        CHECK(bench.transport.seen().size() < 2 * kInFlight);
        for (std::size_t i = 0; i < 3 * kInFlight; ++i) {
            CHECK(bench.failure(i) == bench.failure(0));
            CHECK(bench.result(i).error().retry_after == seconds{17});
        }
        CHECK_THAT(bench.result(3 * kInFlight - 1).error().what, Catch::Contains("not asked"));
    }
}

TEST_CASE("a Vault that cannot be reached is not tried for each certificate", "[vault][fault-32]") {
    Bench bench;
    bench.transport.fail_with(kWeb, {.kind = Failure::unavailable, .what = "connection refused"});
    for (std::size_t i = 0; i < 3 * kInFlight; ++i) {
        bench.order("web");
    }
    bench.run();
    CHECK(bench.transport.seen().size() < 2 * kInFlight);
    for (std::size_t i = 0; i < 3 * kInFlight; ++i) {
        CHECK(bench.failure(i) == Failure::unavailable);
    }
}

TEST_CASE("a connection lost after an answer came stops no other order", "[vault]") {
    Bench bench;
    bench.transport.reply(kDb, {.body = issue_answer()});
    bench.transport.fail_with(kWeb, {.kind = Failure::unavailable, .what = "reset"});
    bench.order("db");
    for (std::size_t i = 0; i < 2 * kInFlight; ++i) {
        bench.order("web");
    }
    bench.order("db");
    bench.run();
    CHECK(bench.result(2 * kInFlight + 1));
    CHECK(bench.transport.seen(kWeb) == 2 * kInFlight);
}

TEST_CASE("no more requests are in flight than the limit", "[vault]") {
    Bench bench;
    bench.transport.stay_silent(kWeb);
    for (std::size_t i = 0; i < 2 * kInFlight; ++i) {
        bench.order("web");
    }
    bench.run();
    CHECK(bench.transport.most_in_flight() == kInFlight);
}

TEST_CASE("what has no answer at the deadline is delivered as not yet", "[vault]") {
    Bench bench;
    bench.transport.stay_silent(kWeb);
    bench.transport.reply(kDb, {.body = issue_answer()});
    bench.order("web");
    bench.order("db");
    const BootTime before = bench.clock.since_boot();
    bench.run(seconds{7});
    CHECK(bench.failure(0) == Failure::not_yet);
    CHECK(bench.result(1));
    CHECK(bench.clock.since_boot() - before == seconds{7});
    CHECK(bench.sequence == std::vector<std::size_t>{1, 0});
}

TEST_CASE("a deadline that is past asks nothing", "[vault]") {
    Bench bench;
    bench.order("web");
    bench.run(seconds{-1});
    CHECK(bench.failure(0) == Failure::not_yet);
    CHECK(bench.transport.seen().empty());
}

TEST_CASE("orders whose token is missing fail alone", "[vault]") {
    Bench bench;
    bench.transport.reply(kDb, {.body = issue_answer()});
    bench.order("web").auth.token_file = "/absent";
    bench.order("db");
    bench.run();
    CHECK(bench.failure(0) == Failure::not_yet);
    CHECK_THAT(bench.result(0).error().what, Catch::Contains("/absent"));
    CHECK(bench.result(1));
    CHECK(bench.transport.seen().size() == 1);
}

TEST_CASE("a delivery that runs past the deadline cheats no order of its delivery", "[vault]") {
    Bench bench;
    bench.transport.reply(kWeb, {.body = issue_answer()});
    for (std::size_t i = 0; i < 2 * kInFlight; ++i) {
        bench.order("web");
    }
    std::vector<int> times(bench.orders.size());
    bench.issuer.issue(std::move(bench.orders),
                       bench.clock.since_boot() + seconds{60},
                       [&](std::size_t index, const Result<issuance::IssuedMaterial>&) {
                           ++times.at(index);
                           bench.clock.advance(seconds{50});
                       });
    CHECK(std::ranges::all_of(times, [](int each) { return each == 1; }));
}

TEST_CASE("an answer after the deadline finds nobody and harms nobody", "[vault]") {
    Bench bench;
    bench.transport.reply(kWeb, {.body = issue_answer()});
    bench.order("web");
    bench.orders[0].key = std::nullopt;

    // The deadline passes between start() and the pump that would bring the answer.
    class Leaping final : public Clock {
      public:
        explicit Leaping(ManualClock& clock) : clock_(clock) {}

        [[nodiscard]] WallTime now() const override { return clock_.now(); }

        [[nodiscard]] BootTime since_boot() const override {
            clock_.advance(seconds{40});
            return clock_.since_boot();
        }

      private:
        ManualClock& clock_;
    };

    const Leaping leaping(bench.clock);
    VaultIssuer issuer(bench.client, leaping);
    int times = 0;
    issuer.issue(std::move(bench.orders),
                 bench.clock.since_boot() + seconds{60},
                 [&](std::size_t, const Result<issuance::IssuedMaterial>&) { ++times; });
    bench.transport.pump(bench.clock.since_boot() + seconds{1});
    CHECK(times == 1);
}

}  // namespace install_cert::vault
