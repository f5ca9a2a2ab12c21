// SPDX-License-Identifier: Apache-2.0
// Sessions, refusals and the single calls, against written answers.
#include "vault/client.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/manual_clock.h"
#include "tests/support/scripted_transport.h"
#include "tests/support/test_authority.h"
#include "tests/vault/access.h"

namespace install_cert::vault {
namespace {

using std::chrono::seconds;
using testing::ManualClock;
using testing::ScriptedTransport;
using testing::TestAuthority;

constexpr std::string_view kForbidden =
    R"({"errors":["1 error occurred:\n\t* permission denied\n\n"]})";
const std::string kLookup = "/v1/auth/token/lookup-self";
const std::string kRole = "/v1/pki/roles/web";

// A Vault, a token file and a client of them.
struct Bench {
    ManualClock clock;
    ScriptedTransport transport{clock};
    role::VaultAccess access = testing::access_to("https://vault.test");
    role::Auth auth = testing::token_auth("/token");
    std::vector<std::string> tokens{"s.first"};  // what the file holds at each read; the last stays
    std::size_t reads = 0;
    Client client{transport,
                  access,
                  [this](const role::Auth&, const std::string&) -> Result<Secret> {
                      const std::size_t at = std::min(reads++, tokens.size() - 1);
                      if (tokens[at].empty()) {
                          return fail(Failure::not_yet, "/token: No such file or directory");
                      }
                      return Secret(tokens[at]);
                  },
                  clock};

    [[nodiscard]] BootTime deadline() const { return clock.since_boot() + seconds{60}; }

    void forbid(const std::string& path) {
        transport.reply(path, {.status = 403, .body = std::string(kForbidden)});
    }
};

const std::string kGoodRole = R"({"data":{"key_type":"ec","key_bits":256}})";

}  // namespace

TEST_CASE("the token file is read once for many calls", "[vault]") {
    Bench bench;
    bench.transport.reply(kRole, {.body = kGoodRole});
    REQUIRE(bench.client.pki_role(bench.auth, "pki", "web", bench.deadline()));
    REQUIRE(bench.client.pki_role(bench.auth, "pki", "web", bench.deadline()));
    CHECK(bench.reads == 1);
    CHECK(bench.transport.seen()[1].token == "s.first");
}

TEST_CASE("each way to log in has a session of its own", "[vault]") {
    Bench bench;
    bench.tokens = {"s.first", "s.second"};
    role::Auth other = bench.auth;
    other.token_file = "/other";
    const auto first = bench.client.token(bench.auth, bench.deadline());
    const auto second = bench.client.token(other, bench.deadline());
    REQUIRE(first);
    REQUIRE(second);
    CHECK((*first)->reveal() == "s.first");
    CHECK((*second)->reveal() == "s.second");
    CHECK(*bench.client.token(bench.auth, bench.deadline()) == *first);
}

TEST_CASE("a token file that is not there is a failure to try again, said once", "[vault]") {
    Bench bench;
    bench.tokens = {""};
    for (int i = 0; i < 3; ++i) {
        const auto role = bench.client.pki_role(bench.auth, "pki", "web", bench.deadline());
        REQUIRE_FALSE(role);
        CHECK(role.error().kind == Failure::not_yet);
    }
    CHECK(bench.reads == 1);
    CHECK(bench.transport.seen().empty());
}

TEST_CASE("a token that no header can carry is refused before it is sent", "[vault][fault-15]") {
    for (const std::string bad : {"a b", "a\r\nX: y", "\x7f", "t\xc3\xb6ken"}) {
        Bench bench;
        bench.tokens = {bad};
        const auto role = bench.client.pki_role(bench.auth, "pki", "web", bench.deadline());
        REQUIRE_FALSE(role);
        CHECK(role.error().kind == Failure::denied);
        CHECK_THAT(role.error().what, !Catch::Contains(bad));
        CHECK(bench.transport.seen().empty());
    }
}

TEST_CASE("a refused token is replaced when its file has changed", "[vault][fault-16]") {
    Bench bench;
    bench.tokens = {"s.old", "s.new"};
    bench.forbid(kRole);
    bench.transport.reply(kRole, {.body = kGoodRole});
    CHECK(bench.client.pki_role(bench.auth, "pki", "web", bench.deadline()));
    REQUIRE(bench.transport.seen(kRole) == 2);
    CHECK(bench.transport.seen()[0].token == "s.old");
    CHECK(bench.transport.seen()[1].token == "s.new");
    CHECK(bench.client.is_refreshed(bench.auth));
}

TEST_CASE("a refused token whose file is the same is not tried again", "[vault]") {
    Bench bench;
    bench.forbid(kRole);
    bench.forbid(kLookup);
    for (int i = 0; i < 3; ++i) {
        CHECK_FALSE(bench.client.pki_role(bench.auth, "pki", "web", bench.deadline()));
    }
    CHECK(bench.transport.seen(kRole) == 3);
    CHECK(bench.transport.seen(kLookup) == 1);
    CHECK(bench.reads == 2);
}

TEST_CASE("a new token that is refused too ends the attempt", "[vault]") {
    Bench bench;
    bench.tokens = {"s.1", "s.2", "s.3", "s.4"};
    bench.forbid(kRole);
    bench.forbid(kLookup);
    CHECK_FALSE(bench.client.pki_role(bench.auth, "pki", "web", bench.deadline()));
    CHECK(bench.transport.seen(kRole) == 2);
}

TEST_CASE("a 403 tells a dead token from a policy that lacks a line",
          "[vault][fault-17][fault-19]") {
    struct Row {
        std::string prose;
        ScriptedTransport::Reply lookup;
        std::string what;
        std::string way_out;
    };

    const std::vector<Row> rows{
        {"the token lives",
         {.body = R"({"data":{"policies":["default","kube"],"ttl":60}})"},
         "the token is valid, but none of its policies (default, kube) allows it",
         R"(path "pki/roles/web" { capabilities = ["read"] })"},
        {"the token is dead",
         {.status = 403, .body = std::string(kForbidden)},
         "invalid, expired or revoked",
         R"(path "pki/roles/web" { capabilities = ["read"] })"},
        {"the token only wraps another",
         {.body = R"({"data":{"policies":["response-wrapping"],"ttl":60}})"},
         "response-wrapping token",
         "vault unwrap"},
        {"nobody knows", {.status = 500, .body = "{}"}, "permission denied (403)", "policy needs"},
        {"the lookup is junk", {.body = "<html>"}, "permission denied (403)", "policy needs"},
    };
    for (const Row& row : rows) {
        INFO(row.prose);
        Bench bench;
        bench.forbid(kRole);
        bench.transport.reply(kLookup, row.lookup);
        const auto role = bench.client.pki_role(bench.auth, "pki", "web", bench.deadline());
        REQUIRE_FALSE(role);
        CHECK(role.error().kind == Failure::denied);
        CHECK_THAT(role.error().what, Catch::StartsWith("pki/roles/web: "));
        CHECK_THAT(role.error().what, Catch::Contains(row.what));
        CHECK_THAT(role.error().way_out, Catch::Contains(row.way_out));
        CHECK_THAT(role.error().what + role.error().way_out, !Catch::Contains("s.first"));
    }
}

TEST_CASE("a login's token is used, and a refused login is tried once", "[vault]") {
    Bench bench;
    const role::Auth approle = testing::login_auth(role::AuthMethod::approle);
    SECTION("accepted") {
        bench.transport.reply("/v1/auth/approle/login",
                              {.body = R"({"auth":{"client_token":"hvs.login"}})"});
        bench.transport.reply(kRole, {.body = kGoodRole});
        REQUIRE(bench.client.pki_role(approle, "pki", "web", bench.deadline()));
        CHECK(bench.transport.seen()[0].token.empty());
        CHECK(bench.transport.seen()[1].token == "hvs.login");
    }
    SECTION("refused") {
        for (const int status : {400, 403}) {
            Bench other;
            other.transport.reply(
                "/v1/auth/approle/login",
                {.status = status, .body = R"({"errors":["invalid role or secret ID"]})"});
            for (int i = 0; i < 2; ++i) {
                const auto role = other.client.pki_role(approle, "pki", "web", other.deadline());
                REQUIRE_FALSE(role);
                CHECK(role.error().kind == Failure::denied);
                CHECK_THAT(role.error().what,
                           Catch::StartsWith("auth/approle/login: invalid role or secret ID"));
            }
            CHECK(other.transport.seen().size() == 1);
        }
    }
    SECTION("away") {
        bench.transport.reply("/v1/auth/approle/login", {.status = 503, .body = "{}"});
        CHECK(bench.client.token(approle, bench.deadline()).error().kind == Failure::unavailable);
    }
}

TEST_CASE("a Vault that never answers is waited for until the deadline", "[vault]") {
    Bench bench;
    bench.transport.stay_silent("/v1/sys/health");
    const BootTime deadline = bench.deadline();
    const auto health = bench.client.health(deadline);
    REQUIRE_FALSE(health);
    CHECK(health.error().kind == Failure::not_yet);
    CHECK(bench.clock.since_boot() == deadline);
}

TEST_CASE("the mount's CA is its chain, or its certificate where it has none", "[vault]") {
    const TestAuthority root = TestAuthority::root("root CA");
    const TestAuthority below = root.intermediate("issuing CA", {.which = 1});

    struct Row {
        std::string prose;
        ScriptedTransport::Reply chain;
        ScriptedTransport::Reply certificate;
        std::size_t found;
        std::string why;
    };

    const std::vector<Row> rows{
        {"a chain", {.body = below.pem() + root.pem()}, {.status = 500}, 2, ""},
        {"no chain", {.status = 204}, {.body = root.pem()}, 1, ""},
        {"an empty chain", {.body = "\n"}, {.body = root.pem()}, 1, ""},
        {"no CA at all", {.status = 204}, {.status = 204}, 0, "has no CA certificate"},
        {"no mount",
         {.status = 404, .body = R"({"errors":["no handler for route"]})"},
         {.body = root.pem()},
         0,
         "pki/ca_chain: no handler"},
        {"HTML", {.body = "<html>"}, {.body = root.pem()}, 0, "pki/ca_chain: "},
        {"half a certificate",
         {.body = root.pem().substr(0, 200)},
         {.status = 204},
         0,
         "pki/ca_chain: "},
        {"sealed", {.status = 503, .body = "{}"}, {.status = 503}, 0, "sealed"},
    };
    for (const Row& row : rows) {
        INFO(row.prose);
        Bench bench;
        bench.transport.reply("/v1/pki/ca_chain", row.chain);
        bench.transport.reply("/v1/pki/ca/pem", row.certificate);
        const auto found = bench.client.authorities("pki", bench.deadline());
        CHECK(found.has_value() == row.why.empty());
        if (found) {
            CHECK(found->size() == row.found);
        } else {
            CHECK_THAT(found.error().what, Catch::Contains(row.why));
        }
        CHECK(bench.transport.seen()[0].token.empty());
        CHECK(bench.reads == 0);
    }
}

TEST_CASE("tokens look themselves up, renew themselves and learn what they may do",
          "[vault][fault-18]") {
    Bench bench;
    bench.transport.reply(kLookup, {.body = R"({"data":{"ttl":60,"renewable":true}})"});
    bench.transport.reply("/v1/auth/token/renew-self",
                          {.body = R"({"auth":{"lease_duration":3600,"renewable":true}})"});
    bench.transport.reply("/v1/sys/capabilities-self",
                          {.body = R"({"data":{"pki/issue/web":["update"]}})"});
    const auto facts = bench.client.lookup_self(bench.auth, bench.deadline());
    REQUIRE(facts);
    CHECK(facts->ttl == seconds{60});
    const auto renewed = bench.client.renew_self(bench.auth, bench.deadline());
    REQUIRE(renewed);
    CHECK(renewed->ttl == seconds{3600});
    const std::vector<std::string> paths{"pki/issue/web"};
    const auto allowed = bench.client.capabilities(bench.auth, paths, bench.deadline());
    REQUIRE(allowed);
    CHECK(allowed->at("pki/issue/web") == std::vector<std::string>{"update"});
    for (const auto& request : bench.transport.seen()) {
        CHECK(request.token == "s.first");
    }
}

TEST_CASE("a certificate is revoked by its serial", "[vault]") {
    Bench bench;
    bench.transport.reply("/v1/a/pki/revoke", {.body = R"({"data":{"revocation_time":1}})"});
    CHECK(bench.client.revoke(bench.auth, "a/pki", "3f:09", bench.deadline()));
    CHECK(bench.transport.seen()[0].body == R"({"serial_number":"3f:09"})");
    bench.transport.reply("/v1/b/pki/revoke",
                          {.status = 400, .body = R"({"errors":["certificate not found"]})"});
    const auto unknown = bench.client.revoke(bench.auth, "b/pki", "3f:09", bench.deadline());
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().kind == Failure::rejected);
}

}  // namespace install_cert::vault
