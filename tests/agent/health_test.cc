// SPDX-License-Identifier: Apache-2.0
#include "agent/report/health.h"

#include <catch2/catch.hpp>

#include "support/test_authority.h"

using namespace install_cert;
using namespace install_cert::agent;
using namespace install_cert::testing;
using namespace std::chrono_literals;

namespace {

// One certificate that was received in this boot for 720 h, and its token.
struct Host {
    Host() {
        role::CertificateSpec spec;
        spec.name = "web";
        spec.auth.method = role::AuthMethod::token;
        spec.auth.token_file = "/token";
        role.certificates.push_back(spec);
    }

    [[nodiscard]] HealthReport report() const {
        const role::CertificateSpec& spec = role.certificates.front();
        installation::InstalledSet installed{
            .generation = "g",
            .provenance = {.request_digest = role::request_digest(spec),
                           .received = kNow,
                           .boot_id = "this"},
            .files = {},
            .leaf = parsed(TestAuthority::root("CA").issue({}, TestKey("P-256"))),
            .intermediates = {},
            .trust = {},
            .damage = {},
            .drift = {}};
        std::vector<Examined> examined;
        examined.push_back({.spec = &spec, .installed = std::move(installed)});
        return judge(role, examined, state, {.now = now, .boot_id = boot_id, .machine_id = "m"});
    }

    role::Role role;
    State state;
    WallTime now = kNow + 1h;
    std::string boot_id = "this";
};

}  // namespace

TEST_CASE("a set that is not due is ok, also before a boot's renewal", "[health]") {
    Host host;
    CHECK(host.report().health == Health::ok);
    host.boot_id = "next";
    CHECK(host.report().health == Health::ok);
}

TEST_CASE("what is past its time is overdue, whatever the turn gives as its reason", "[health]") {
    Host host;
    host.now = kNow + 600h;
    host.boot_id = GENERATE("this", "next");
    const HealthReport report = host.report();
    CHECK(report.health == Health::warning);
    CHECK(report.certificates[0].verdict == "overdue");
}

TEST_CASE("a renewal that goes on failing is told before the set is due", "[health]") {
    Host host;
    host.boot_id = "next";
    LastError error{.kind = Failure::unavailable, .what = "Vault is sealed", .attempts = 4};
    host.state.certificates["web"].last_error = error;
    CHECK(host.report().health == Health::ok);
    error.attempts = 5;
    host.state.certificates["web"].last_error = error;
    const HealthReport report = host.report();
    CHECK(report.health == Health::warning);
    CHECK(report.certificates[0].verdict == "failed 5 times in a row: Vault is sealed");
}

TEST_CASE("a token that ends before its certificate's renewal is told", "[health][fault-18]") {
    Host host;
    const std::string source = GENERATE("/token", "/another");
    const auto end = GENERATE(24h, 710h);
    host.state.tokens[source] = {.looked_up = kNow,
                                 .ends = kNow + 24h,
                                 .final_end = kNow + end,
                                 .renewable = true,
                                 .next_care = kNow + 12h};
    const HealthReport report = host.report();
    REQUIRE(report.tokens.size() == 1);
    const bool too_early = source == "/token" && end == 24h;
    CHECK(report.tokens[0].health == (too_early ? Health::warning : Health::ok));
    CHECK(report.health == report.tokens[0].health);
}

TEST_CASE("a token that was not looked at yet is unknown, and worries nobody", "[health]") {
    Host host;
    host.state.tokens["/token"] = {.version = "1", .next_care = kNow + 2min};
    const HealthReport report = host.report();
    CHECK(report.health == Health::ok);
    REQUIRE(report.tokens.size() == 1);
    CHECK(report.tokens[0].health == Health::unknown);
    CHECK_FALSE(report.tokens[0].renewable);
    CHECK_THAT(to_json(report), Catch::Contains("\"renewable\": null"));
}

TEST_CASE("a refused token is told of at once, what passes by itself when it lasts", "[health]") {
    const auto [kind, attempts, health] = GENERATE(table<Failure, unsigned, Health>({
        {Failure::denied, 1U, Health::warning},
        {Failure::unavailable, 1U, Health::ok},
        {Failure::unavailable, 5U, Health::warning},
    }));
    Host host;
    host.state.certificates["web"].last_error =
        LastError{.kind = kind, .what = "no", .at = kNow, .attempts = attempts, .retry_at = kNow};
    CHECK(host.report().health == health);
}
