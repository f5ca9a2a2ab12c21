// SPDX-License-Identifier: Apache-2.0
// What Vault says of tokens and of itself.
#include "vault/token_messages.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace install_cert::vault {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr WallTime kNow{seconds{1'795'270'000}};

Json parsed(std::string_view text) {
    auto json = Json::parse(Secret(text));
    REQUIRE(json);
    return std::move(*json);
}

HttpResponse response(int status, std::string_view body) {
    return {
        .status = status, .body = Secret(body), .retry_after = std::nullopt, .date = std::nullopt};
}

}  // namespace

TEST_CASE("a periodic token is told by what it says of itself", "[vault]") {
    const auto facts = read_lookup(parsed(R"({"data":{"accessor":"acc","creation_time":1795269943,
        "creation_ttl":3600,"display_name":"token","expire_time":"2026-11-21T15:05:43.6Z",
        "explicit_max_ttl":0,"num_uses":0,"period":3600,"policies":["default","kube"],
        "renewable":true,"ttl":3543,"type":"service"}})"),
                                   kNow);
    REQUIRE(facts);
    CHECK(facts->policies == std::vector<std::string>{"default", "kube"});
    CHECK(facts->ttl == seconds{3543});
    CHECK(facts->period == seconds{3600});
    CHECK(facts->granted == seconds{3600});
    CHECK(facts->renewable);
    CHECK_FALSE(facts->never_expires);
    CHECK_FALSE(facts->max_ttl_left);
    CHECK(facts->uses_left == 0);
}

TEST_CASE("a root token never expires", "[vault]") {
    const auto facts =
        read_lookup(parsed(R"({"data":{"expire_time":null,"ttl":0,"policies":["root"]}})"), kNow);
    REQUIRE(facts);
    CHECK(facts->never_expires);
    CHECK_FALSE(facts->renewable);
}

TEST_CASE("an explicit longest lifetime counts from the token's making", "[vault]") {
    const auto left = [](const std::string& created) {
        const auto facts = read_lookup(parsed(R"({"data":{"ttl":60,"explicit_max_ttl":7200,
            "creation_time":)" + created + "}}"),
                                       kNow);
        REQUIRE(facts);
        return facts->max_ttl_left;
    };
    CHECK(left("1795269000") == seconds{7200 - 1000});
    CHECK(left("1") == seconds{0});
    CHECK(left("9999999999") == seconds{7200});
    CHECK(left("-9223372036854775808") == seconds{0});
}

TEST_CASE("a lookup without data or with wrong types is rejected", "[vault]") {
    for (const std::string_view text : {R"({})",
                                        R"({"data":null})",
                                        R"({"data":[]})",
                                        R"({"data":{"ttl":"soon"}})",
                                        R"({"data":{"policies":"root"}})",
                                        R"({"data":{"renewable":"yes"}})",
                                        R"({"data":{"num_uses":[]}})"}) {
        CAPTURE(text);
        const auto facts = read_lookup(parsed(text), kNow);
        REQUIRE_FALSE(facts);
        CHECK(facts.error().kind == Failure::rejected);
    }
}

TEST_CASE("a renewal says how long the token lives now", "[vault]") {
    const auto facts = read_renewal(parsed(
        R"({"auth":{"client_token":"s.x","accessor":"acc","policies":["default"],
            "lease_duration":3600,"renewable":true}})"));
    REQUIRE(facts);
    CHECK(facts->ttl == hours{1});
    CHECK(facts->renewable);
    CHECK_FALSE(read_renewal(parsed(R"({"data":{}})")));
    CHECK_FALSE(read_renewal(parsed(R"({"auth":{"lease_duration":true}})")));
}

TEST_CASE("capabilities are read for the paths that were asked", "[vault]") {
    const std::vector<std::string> paths{"pki/issue/a", "pki/issue/b", "pki/issue/c"};
    const HttpRequest request = capabilities_request(paths);
    CHECK(request.path == "/v1/sys/capabilities-self");
    CHECK(request.body.reveal() == R"({"paths":["pki/issue/a","pki/issue/b","pki/issue/c"]})");
    const auto found = read_capabilities(
        parsed(R"({"data":{"pki/issue/a":["create","update"],"pki/issue/b":["deny"],"x":["y"]}})"),
        paths);
    REQUIRE(found);
    CHECK(found->at("pki/issue/a") == std::vector<std::string>{"create", "update"});
    CHECK(found->at("pki/issue/b") == std::vector<std::string>{"deny"});
    CHECK(found->at("pki/issue/c").empty());
    CHECK_FALSE(found->contains("x"));
    CHECK_FALSE(read_capabilities(parsed(R"({"data":{"pki/issue/a":"deny"}})"), paths));
}

TEST_CASE("the status of sys/health is a role of the node and no failure", "[vault][fault-23]") {
    struct Row {
        int status;
        std::string body;
        bool initialized;
        bool sealed;
    };

    const std::vector<Row> rows{
        {200, R"({"initialized":true,"sealed":false,"standby":false})", true, false},
        {429, R"({"initialized":true,"sealed":false,"standby":true})", true, false},
        {472, R"({"initialized":true,"sealed":false,"standby":true})", true, false},
        {473, R"({"initialized":true,"sealed":false,"standby":true})", true, false},
        {501, R"({"initialized":false,"sealed":true,"standby":true})", false, true},
        {503, R"({"initialized":true,"sealed":true,"standby":true})", true, true},
        {200, "{}", true, false},
        {473, "{}", true, false},
        {501, "{}", false, false},
        {503, "{}", true, true},
    };
    for (const Row& row : rows) {
        CAPTURE(row.status, row.body);
        const auto health = read_health(response(row.status, row.body));
        REQUIRE(health);
        CHECK(health->initialized == row.initialized);
        CHECK(health->sealed == row.sealed);
    }
}

TEST_CASE("a page of a balancer is no health", "[vault]") {
    const auto page = read_health(response(503, "<h1>No server is available</h1>"));
    REQUIRE_FALSE(page);
    CHECK(page.error().kind == Failure::unavailable);
    const auto portal = read_health(response(200, "<h1>Welcome</h1>"));
    REQUIRE_FALSE(portal);
    CHECK(portal.error().kind == Failure::rejected);
    CHECK_FALSE(read_health(response(404, "{}")));
    CHECK(read_health(response(500, "{}")).error().kind == Failure::unavailable);
    CHECK_FALSE(read_health(response(200, R"({"sealed":"no"})")));
}

}  // namespace install_cert::vault
