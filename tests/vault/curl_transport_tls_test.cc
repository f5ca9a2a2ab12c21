// SPDX-License-Identifier: Apache-2.0
// Whom we talk to: each bad certificate is refused before anything secret is sent.
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <openssl/ssl.h>

#include "tests/vault/https_bench.h"

namespace install_cert::vault {
namespace {

using testing::always;
using testing::good_server;
using testing::http_answer;
using testing::HttpsBench;
using testing::Plan;
using testing::server_authority;
using testing::server_plan;
using testing::TestAuthority;
using testing::TestKey;
using testing::TlsServerSettings;

const TestAuthority& stranger() {
    static const TestAuthority made = TestAuthority::root("somebody else's CA");
    return made;
}

TlsServerSettings server_with(const std::function<void(TlsServerSettings&)>& change) {
    TlsServerSettings settings = good_server(always(http_answer(200, "{}")));
    change(settings);
    return settings;
}

TlsServerSettings server_showing(const TestAuthority& issuer,
                                 const std::function<void(Plan&)>& change) {
    return server_with([&](TlsServerSettings& settings) {
        Plan plan = server_plan();
        change(plan);
        settings.certificate = issuer.issue(plan, settings.key);
    });
}

}  // namespace

TEST_CASE("a server that cannot prove who it is hears no request", "[vault][fault-40][fault-S7]") {
    struct Row {
        std::string prose;
        TlsServerSettings settings;
        std::string why;
        std::string way_out;
    };

    const WallTime now = SystemClock().now();
    const std::vector<Row> rows{
        {"another name",
         server_showing(server_authority(), [](Plan& plan) { plan.ip = {"127.0.0.2"}; }),
         "127.0.0.1",
         "tls_server_name"},
        {"expired",
         server_showing(server_authority(),
                        [&](Plan& plan) { plan.not_after = now - std::chrono::seconds{60}; }),
         "expired",
         "clock"},
        {"not valid yet",
         server_showing(server_authority(),
                        [&](Plan& plan) { plan.not_before = now + std::chrono::minutes{30}; }),
         "not yet valid",
         "clock"},
        {"a CA that we do not know", server_showing(stranger(), [](Plan&) {}), "issuer", "ca.pem"},
        {"no certificate of a server",
         server_showing(server_authority(), [](Plan& plan) { plan.usages = {"clientAuth"}; }),
         "purpose",
         ""},
        {"signed by itself",
         server_with([](TlsServerSettings& settings) {
             const TestAuthority self = TestAuthority::root("127.0.0.1", {.which = 1});
             settings.certificate = self.pem();
         }),
         "",
         ""},
        {"TLS 1.0",
         server_with([](TlsServerSettings& settings) { settings.newest_version = TLS1_VERSION; }),
         "",
         ""},
        {"TLS 1.1",
         server_with([](TlsServerSettings& settings) { settings.newest_version = TLS1_1_VERSION; }),
         "",
         ""},
    };
    for (const Row& row : rows) {
        INFO(row.prose);
        HttpsBench bench(row.settings);
        const auto answer = bench.get();
        REQUIRE_FALSE(answer);
        CHECK(answer.error().kind == Failure::unavailable);
        CHECK_THAT(answer.error().what, Catch::StartsWith(bench.server.address() + ": "));
        CHECK_THAT(answer.error().what, Catch::Contains(row.why));
        CHECK_THAT(answer.error().way_out, Catch::Contains(row.way_out));
        CHECK(bench.server.requests().empty());
    }
}

TEST_CASE("TLS 1.2 is good enough", "[vault]") {
    HttpsBench bench(
        server_with([](TlsServerSettings& settings) { settings.newest_version = TLS1_2_VERSION; }));
    CHECK(bench.get());
}

TEST_CASE("only insecure_skip_verify opens the door", "[vault][fault-40][fault-S7]") {
    HttpsBench bench(server_showing(stranger(), [](Plan& plan) { plan.ip = {"127.0.0.2"}; }));
    CHECK_FALSE(bench.get());
    bench.forget_transport();
    bench.access.insecure_skip_verify = true;
    CHECK(bench.get());
}

TEST_CASE("the environment cannot add a CA to the configured one", "[vault][fault-S7]") {
    HttpsBench bench(server_showing(stranger(), [](Plan&) {}));
    testing::put_content(bench.path("stranger.pem"), stranger().pem());
    for (const char* name : {"SSL_CERT_FILE", "CURL_CA_BUNDLE"}) {
        REQUIRE(::setenv(name, bench.path("stranger.pem").c_str(), 1) == 0);
    }
    REQUIRE(::setenv("SSL_CERT_DIR", bench.directory.string().c_str(), 1) == 0);
    const auto answer = bench.get();
    for (const char* name : {"SSL_CERT_FILE", "CURL_CA_BUNDLE", "SSL_CERT_DIR"}) {
        (void)::unsetenv(name);
    }
    CHECK_FALSE(answer);
}

TEST_CASE("a CA file that comes late is waited for, and a new one counts in the next turn",
          "[vault][fault-41]") {
    HttpsBench bench(server_showing(stranger(), [](Plan&) {}));
    bench.access.ca_cert = bench.path("late.pem");
    const auto absent = bench.get();
    REQUIRE_FALSE(absent);
    CHECK(absent.error().kind == Failure::not_yet);
    CHECK(absent.error().what == bench.path("late.pem") + ": No such file or directory");

    testing::put_content(bench.path("late.pem"), "");
    const auto empty = bench.get();
    REQUIRE_FALSE(empty);
    CHECK(empty.error().kind == Failure::not_yet);
    CHECK_THAT(empty.error().what, Catch::Contains("no PEM certificate"));

    testing::put_content(bench.path("late.pem"), server_authority().pem());
    CHECK(bench.get().error().kind == Failure::unavailable);

    testing::put_content(bench.path("late.pem"), stranger().pem());
    bench.forget_transport();
    CHECK(bench.get());
}

TEST_CASE("the CA file is read for every connection, even within a turn", "[vault][fault-41]") {
    HttpsBench bench(server_with([](TlsServerSettings& settings) {
        settings.respond = [](testing::Peer& peer, const std::string&) {
            (void)peer.send(http_answer(200, "{}", "Connection: close\r\n"));
            peer.cut();
        };
    }));
    CHECK(bench.get());
    testing::put_content(bench.ca_file, stranger().pem());
    const auto answer = bench.get();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == Failure::unavailable);
}

TEST_CASE("tls_server_name is the name that is asked for and verified", "[vault]") {
    HttpsBench bench(server_showing(server_authority(), [](Plan& plan) { plan.ip.clear(); }));
    SECTION("the name in the certificate") {
        bench.access.tls_server_name = "vault.test";
        REQUIRE(bench.get());
        CHECK(bench.server.server_name() == "vault.test");
        CHECK_THAT(bench.server.requests()[0],
                   Catch::Contains("Host: 127.0.0.1:" + std::to_string(bench.server.port())));
    }
    SECTION("another name") {
        bench.access.tls_server_name = "other.test";
        CHECK_FALSE(bench.get());
        CHECK(bench.server.requests().empty());
    }
    SECTION("none") {
        CHECK_FALSE(bench.get());
        CHECK(bench.server.requests().empty());
    }
}

TEST_CASE("a server may demand a client certificate", "[vault][fault-43]") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        CAPTURE(version);
        HttpsBench bench(server_with([&](TlsServerSettings& settings) {
            settings.newest_version = version;
            settings.client_authority = server_authority().pem();
        }));
        const auto without = bench.get();
        REQUIRE_FALSE(without);
        CHECK(without.error().kind == Failure::unavailable);
        CHECK_THAT(without.error().way_out, Catch::Contains("set vault.client_cert"));

        Plan plan = server_plan("host");
        plan.usages = {"clientAuth"};
        const TestKey key("P-256", 2);
        bench.access.client_cert = bench.path("client.pem");
        bench.access.client_key = bench.path("client-key.pem");
        bench.forget_transport();
        const auto late = bench.get();
        REQUIRE_FALSE(late);
        CHECK(late.error().kind == Failure::not_yet);
        CHECK_THAT(late.error().what, Catch::StartsWith(bench.path("client.pem")));

        testing::put_content(bench.path("client.pem"), server_authority().issue(plan, key));
        testing::put_content(bench.path("client-key.pem"), TestKey("P-256", 3).pkcs8());
        bench.forget_transport();
        const auto mismatched = bench.get();
        REQUIRE_FALSE(mismatched);
        CHECK(mismatched.error().kind == Failure::not_yet);

        testing::put_content(bench.path("client-key.pem"), key.pkcs8());
        bench.forget_transport();
        CHECK(bench.get());

        testing::put_content(bench.path("client.pem"), stranger().issue(plan, key));
        bench.forget_transport();
        const auto unknown = bench.get();
        REQUIRE_FALSE(unknown);
        CHECK(unknown.error().kind == Failure::unavailable);
    }
}

TEST_CASE("https is never given up for http", "[vault][fault-22]") {
    HttpsBench bench(always(http_answer(200, "{}")));
    bench.access.address = "http://127.0.0.1:" + std::to_string(bench.server.port());
    const auto refused = bench.get();
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().way_out, Catch::Contains("set vault.address to https://"));
}

}  // namespace install_cert::vault
