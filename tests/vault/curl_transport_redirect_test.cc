// SPDX-License-Identifier: Apache-2.0
// Redirects: the token goes nowhere but to the configured server.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/vault/https_bench.h"

namespace install_cert::vault {
namespace {

using testing::always;
using testing::http_answer;
using testing::HttpsBench;
using testing::Peer;

const Secret kToken("s.canary");

HttpRequest post() {
    return {.verb = Verb::post, .path = "/v1/first", .body = Secret("body"), .token = &kToken};
}

std::string redirect(int status, const std::string& location) {
    return http_answer(status, "", "Location: " + location + "\r\n");
}

}  // namespace

TEST_CASE("a standby's 307 to the same server is followed with verb, body and token",
          "[vault][fault-21]") {
    for (const bool absolute : {false, true}) {
        HttpsBench* self = nullptr;
        HttpsBench bench([&](Peer& peer, const std::string& request) {
            const std::string base = absolute ? self->server.address() : "";
            (void)peer.send(request.starts_with("POST /v1/first ")
                                ? redirect(307, base + "/v1/second")
                                : http_answer(200, "there"));
        });
        self = &bench;
        const auto answer = bench.ask(post());
        REQUIRE(answer);
        CHECK(answer->body.reveal() == "there");
        const auto requests = bench.server.requests();
        REQUIRE(requests.size() == 2);
        CHECK_THAT(requests[1], Catch::StartsWith("POST /v1/second "));
        CHECK_THAT(requests[1], Catch::EndsWith("\r\n\r\nbody"));
        CHECK_THAT(requests[1], Catch::Contains("X-Vault-Token: s.canary"));
    }
}

TEST_CASE("no redirect leads the token to another server", "[vault][fault-22][fault-S6]") {
    HttpsBench foreign(always(http_answer(200, "{}")));
    const std::string port = std::to_string(foreign.server.port());

    struct Row {
        std::string prose;
        int status;
        std::string location;
    };

    const std::vector<Row> rows{
        {"another port", 307, foreign.server.address() + "/v1/first"},
        {"another name of this host", 307, "https://localhost:" + port + "/v1/first"},
        {"without TLS", 307, "http://127.0.0.1:" + port + "/v1/first"},
        {"the same scheme", 307, "//127.0.0.1:" + port + "/v1/first"},
        {"a file", 307, "file:///etc/passwd"},
        {"user information", 307, "https://a:b@127.0.0.1:" + port + "/"},
        {"nowhere", 307, ""},
        {"moved for good", 301, "/v1/second"},
        {"found", 302, "/v1/second"},
        {"see other", 303, "/v1/second"},
        {"permanent", 308, "/v1/second"},
    };
    for (const Row& row : rows) {
        INFO(row.prose);
        HttpsBench bench(always(redirect(row.status, row.location)));
        const auto answer = bench.ask(post());
        REQUIRE_FALSE(answer);
        CHECK(answer.error().kind == Failure::rejected);
        CHECK_THAT(answer.error().what, Catch::Contains("redirected"));
        CHECK_THAT(answer.error().what, Catch::Contains(row.location));
        CHECK_FALSE(answer.error().way_out.empty());
        CHECK(bench.server.requests().size() == 1);
    }
    CHECK(foreign.server.connections() == 0);
}

TEST_CASE("redirects in a circle end", "[vault][fault-21]") {
    HttpsBench bench(always(redirect(307, "/v1/again")));
    const auto answer = bench.ask(post());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == Failure::rejected);
    CHECK(bench.server.requests().size() == 4);
}

TEST_CASE("the target of a redirect is data: one line, capped", "[vault][fault-S9]") {
    HttpsBench bench(
        always(redirect(307, "https://evil.example/\x1b[2J" + std::string(1500, 'x'))));
    const auto answer = bench.ask(post());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().what.size() < 400);
    CHECK_FALSE(answer.error().what.contains('\x1b'));
}

}  // namespace install_cert::vault
