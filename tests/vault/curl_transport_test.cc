// SPDX-License-Identifier: Apache-2.0
// What goes over the wire, and answers as bad servers send them.
#include "vault/curl_transport.h"

#include <atomic>
#include <cstdlib>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "foundation/text.h"
#include "tests/vault/https_bench.h"

namespace install_cert::vault {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::always;
using testing::http_answer;
using testing::HttpsBench;
using testing::Peer;

const Secret kToken("s.canary");

bool has_line(const std::string& request, std::string_view line) {
    return request.contains("\r\n" + std::string(line) + "\r\n");
}

HttpRequest post(std::string_view body, Resend resend = Resend::never) {
    return {.verb = Verb::post,
            .path = "/v1/pki/issue/web",
            .body = Secret(body),
            .token = &kToken,
            .resend = resend};
}

}  // namespace

TEST_CASE("a request says what Vault wants to hear and no more", "[vault]") {
    HttpsBench bench(always(http_answer(200, "{}")));
    bench.access.name_space = "team/a";
    for (const Resend resend : {Resend::never, Resend::once}) {
        REQUIRE(bench.ask(post(R"({"common_name":"x"})", resend)));
        const std::string request = bench.server.requests().back();
        CHECK_THAT(request, Catch::StartsWith("POST /v1/pki/issue/web HTTP/1.1\r\n"));
        CHECK(has_line(request, "Host: 127.0.0.1:" + std::to_string(bench.server.port())));
        CHECK(has_line(request, "X-Vault-Token: s.canary"));
        CHECK(has_line(request, "X-Vault-Request: true"));
        CHECK(has_line(request, "X-Vault-Namespace: team/a"));
        CHECK(has_line(request, "Content-Type: application/json"));
        CHECK(has_line(request, "Content-Length: 19"));
        CHECK_THAT(request, Catch::EndsWith("\r\n\r\n{\"common_name\":\"x\"}"));
        const std::string lower = to_lower(request);
        for (const std::string_view absent :
             {"accept-encoding", "expect:", "cookie", "te:", "authorization"}) {
            CHECK_FALSE(lower.contains("\r\n" + std::string(absent)));
        }
    }
}

TEST_CASE("requests without a token show none, and different tokens stay apart", "[vault]") {
    HttpsBench bench(always(http_answer(200, "{}")));
    const Secret other("s.other");
    REQUIRE(bench.ask({.path = "/v1/a", .token = &kToken}));
    REQUIRE(bench.ask({.path = "/v1/b"}));
    REQUIRE(bench.ask({.path = "/v1/c", .token = &other}));
    REQUIRE(bench.ask({.path = "/v1/d", .token = &kToken}));
    const auto requests = bench.server.requests();
    REQUIRE(requests.size() == 4);
    CHECK(has_line(requests[0], "X-Vault-Token: s.canary"));
    CHECK_FALSE(requests[1].contains("X-Vault-Token"));
    CHECK_FALSE(requests[1].contains("Content-Length"));
    CHECK(has_line(requests[2], "X-Vault-Token: s.other"));
    CHECK(has_line(requests[3], "X-Vault-Token: s.canary"));
}

TEST_CASE("an answer brings its status, body, type, date and wish", "[vault]") {
    HttpsBench bench(always(http_answer(429,
                                        R"({"errors":[]})",
                                        "Content-Type: application/json\r\nRETRY-AFTER: 9\r\n"
                                        "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n")));
    const auto answer = bench.get();
    REQUIRE(answer);
    CHECK(answer->status == 429);
    CHECK(answer->body.reveal() == R"({"errors":[]})");
    CHECK(answer->retry_after == seconds{9});
    CHECK(answer->date == WallTime{seconds{784'111'777}});
}

TEST_CASE("an answer that quotes the request's token comes without it", "[vault]") {
    HttpsBench bench(always(http_answer(200, "[X-Vault-Token: s.canary, s.canary] s.other")));
    const auto answer = bench.ask(post("{}"));
    REQUIRE(answer);
    CHECK(answer->body.reveal() == "[X-Vault-Token: ********, ********] s.other");
}

TEST_CASE("a header of an earlier answer does not leak into the next", "[vault]") {
    HttpsBench bench([](Peer& peer, const std::string& request) {
        (void)peer.send(request.starts_with("GET /v1/first ")
                            ? http_answer(429, "first", "Retry-After: 9\r\n")
                            : "HTTP/1.1 103 Early\r\nRetry-After: 7\r\n\r\n" +
                                  http_answer(200, "second"));
    });
    REQUIRE(bench.ask({.path = "/v1/first"}));
    const auto second = bench.ask({.path = "/v1/second"});
    REQUIRE(second);
    CHECK(second->body.reveal() == "second");
    CHECK_FALSE(second->retry_after);
}

TEST_CASE("one connection serves a turn of one request after the other", "[vault]") {
    HttpsBench bench(always(http_answer(200, "{}")));
    for (int i = 0; i < 10; ++i) {
        REQUIRE(bench.get());
    }
    CHECK(bench.server.connections() == 1);
    CHECK(bench.transport().traffic().connections == 1);
    CHECK(bench.transport().traffic().requests == 10);
    CHECK(bench.transport().traffic().bytes_received > 10 * 2);
}

TEST_CASE("many requests at once share few connections", "[vault]") {
    HttpsBench bench(always(http_answer(200, "{}")));
    constexpr int kMany = 60;
    int answered = 0;
    const BootTime deadline = bench.clock.since_boot() + seconds{20};
    for (int i = 0; i < kMany; ++i) {
        bench.transport().start({.path = "/v1/x"}, deadline, [&](const Result<HttpResponse>& each) {
            answered += each ? 1 : 0;
        });
    }
    CHECK(bench.transport().in_flight() == kMany);
    while (bench.transport().in_flight() > 0) {
        bench.transport().pump(deadline);
    }
    CHECK(answered == kMany);
    CHECK(bench.server.connections() <= 4);
}

TEST_CASE("a request may be started from within an answer", "[vault]") {
    HttpsBench bench(always(http_answer(200, "{}")));
    int depth = 0;
    const BootTime deadline = bench.clock.since_boot() + seconds{20};
    HttpDone again = [&](const Result<HttpResponse>& answer) {
        REQUIRE(answer);
        if (++depth < 5) {
            bench.transport().start({.path = "/v1/x"}, deadline, again);
        }
    };
    bench.transport().start({.path = "/v1/x"}, deadline, again);
    while (bench.transport().in_flight() > 0) {
        bench.transport().pump(deadline);
    }
    CHECK(depth == 5);
}

TEST_CASE("answers that are cut, lie or never end are refused",
          "[vault][fault-34][fault-35][fault-S8]") {
    struct Row {
        std::string prose;
        testing::Respond respond;
        Failure kind;
        std::string why;
    };

    const auto then_cut = [](std::string bytes) {
        return [held = std::move(bytes)](Peer& peer, const std::string&) {
            (void)peer.send(held);
            peer.cut();
        };
    };
    const std::vector<Row> rows{
        {"no answer at all", then_cut(""), Failure::unavailable, ""},
        {"half a status line", then_cut("HTTP/1."), Failure::unavailable, ""},
        {"half the headers", then_cut("HTTP/1.1 200 OK\r\nContent-Le"), Failure::unavailable, ""},
        {"half the body",
         then_cut("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"data\":"),
         Failure::unavailable,
         ""},
        {"a body whose end nobody told, so that a cut looks like one",
         then_cut("HTTP/1.1 200 OK\r\n\r\n-----BEGIN CERTIFICATE-----\n"),
         Failure::unavailable,
         ""},
        {"a chunk that is cut",
         then_cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{\"data\":"),
         Failure::unavailable,
         ""},
        {"no last chunk",
         then_cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
         Failure::unavailable,
         ""},
        {"a chunk size that is none",
         then_cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
         Failure::unavailable,
         ""},
        {"a negative length",
         then_cut("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}"),
         Failure::unavailable,
         ""},
        {"another protocol", then_cut("SSH-2.0-OpenSSH_9\r\n"), Failure::unavailable, ""},
        {"a body over the limit",
         then_cut(http_answer(200, std::string(kBodyLimit + 1, 'x'))),
         Failure::rejected,
         "body exceed"},
        {"a body that never ends",
         [](Peer& peer, const std::string&) {
             (void)peer.send("HTTP/1.1 200 OK\r\n\r\n");
             while (peer.send(std::string(16384, 'x'))) {
             }
             peer.cut();
         },
         Failure::rejected,
         "body exceed"},
        {"headers over the limit",
         [](Peer& peer, const std::string&) {
             (void)peer.send("HTTP/1.1 200 OK\r\n");
             while (peer.send("X-Header: " + std::string(1000, 'x') + "\r\n")) {
             }
             peer.cut();
         },
         Failure::rejected,
         "headers exceed"},
        {"interim answers for ever",
         [](Peer& peer, const std::string&) {
             while (peer.send("HTTP/1.1 103 Early\r\nX: " + std::string(500, 'x') + "\r\n\r\n")) {
             }
             peer.cut();
         },
         Failure::rejected,
         "headers exceed"},
    };
    for (const Row& row : rows) {
        INFO(row.prose);
        HttpsBench bench(row.respond);
        const auto answer = bench.get();
        REQUIRE_FALSE(answer);
        CHECK(answer.error().kind == row.kind);
        CHECK_THAT(answer.error().what, Catch::StartsWith(bench.server.address() + ": "));
        CHECK_THAT(answer.error().what, Catch::Contains(row.why));
    }
}

TEST_CASE("a body of just the limit is taken whole", "[vault]") {
    HttpsBench bench(always(http_answer(200, std::string(kBodyLimit, 'x'))));
    const auto answer = bench.get();
    REQUIRE(answer);
    CHECK(answer->body.size() == kBodyLimit);
}

TEST_CASE("a compressed body is not unpacked: a bomb stays small", "[vault][fault-35]") {
    const std::string squeezed("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10);
    HttpsBench bench(always(http_answer(200, squeezed, "Content-Encoding: gzip\r\n")));
    const auto answer = bench.get();
    REQUIRE(answer);
    CHECK(answer->body.reveal() == squeezed);
}

TEST_CASE("a server that is slow is left at the deadline", "[vault][fault-33]") {
    struct Row {
        std::string prose;
        std::string sent;
    };

    const std::vector<Row> rows{
        {"it says nothing", ""},
        {"it stops in the headers", "HTTP/1.1 200 OK\r\nContent-"},
        {"it stops in the body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"},
    };
    for (const Row& row : rows) {
        INFO(row.prose);
        HttpsBench bench([&](Peer& peer, const std::string&) {
            (void)peer.send(row.sent);
            peer.hang();
        });
        const BootTime before = bench.clock.since_boot();
        const auto answer = bench.get(milliseconds{400});
        REQUIRE_FALSE(answer);
        CHECK(answer.error().kind == Failure::not_yet);
        CHECK_THAT(answer.error().what, Catch::Contains("no answer in time"));
        CHECK(bench.clock.since_boot() - before >= milliseconds{400});
    }
}

TEST_CASE("a deadline that is past, and a transport that goes away, leave nothing behind",
          "[vault]") {
    HttpsBench bench([](Peer& peer, const std::string&) { peer.hang(); });
    const auto late = bench.get(milliseconds{-1});
    REQUIRE_FALSE(late);
    bool called = false;
    bench.transport().start({.path = "/v1/x"},
                            bench.clock.since_boot() + seconds{20},
                            [&](const Result<HttpResponse>&) { called = true; });
    bench.transport().pump(BootTime{0});
    bench.forget_transport();
    CHECK_FALSE(called);
}

TEST_CASE("an answer lost on the way is asked for again only where that does no harm",
          "[vault][fault-26][fault-30]") {
    std::atomic<int> asked{0};
    HttpsBench bench([&](Peer& peer, const std::string&) {
        if (++asked == 1) {
            peer.cut();
        } else {
            (void)peer.send(http_answer(200, "{}"));
        }
    });
    SECTION("a sign request, with the same CSR") {
        REQUIRE(bench.ask(post("the same CSR", Resend::once)));
        const auto requests = bench.server.requests();
        REQUIRE(requests.size() == 2);
        CHECK(requests[0] == requests[1]);
    }
    SECTION("never an issue request") {
        const auto answer = bench.ask(post("a new key", Resend::never));
        REQUIRE_FALSE(answer);
        CHECK(answer.error().kind == Failure::unavailable);
        CHECK(bench.server.requests().size() == 1);
    }
}

TEST_CASE("an issue request that dies with a kept connection is not sent twice",
          "[vault][fault-26]") {
    std::atomic<int> asked{0};
    HttpsBench bench([&](Peer& peer, const std::string&) {
        if (++asked == 2) {
            peer.cut();
        } else {
            (void)peer.send(http_answer(200, "{}"));
        }
    });
    REQUIRE(bench.ask(post("first")));
    CHECK_FALSE(bench.ask(post("second")));
    CHECK(bench.server.requests().size() == 2);
    CHECK(bench.ask(post("third")));
    CHECK(bench.server.requests().size() == 3);
}

TEST_CASE("a second loss is final", "[vault]") {
    HttpsBench bench([](Peer& peer, const std::string&) { peer.cut(); });
    const auto answer = bench.ask(post("csr", Resend::once));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == Failure::unavailable);
    CHECK(bench.server.requests().size() <= 3);
}

TEST_CASE("proxies of the environment are ignored", "[vault][fault-42][fault-S7]") {
    HttpsBench bench(always(http_answer(200, "{}")));
    for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
        REQUIRE(::setenv(name, "http://127.0.0.1:1", 1) == 0);
    }
    const auto answer = bench.get();
    for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
        (void)::unsetenv(name);
    }
    CHECK(answer);
}

TEST_CASE("nobody listening is Vault unreachable", "[vault][fault-32]") {
    HttpsBench bench(always(""));
    bench.access.address = "https://127.0.0.1:1";
    const auto answer = bench.get();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == Failure::unavailable);
    CHECK_THAT(answer.error().what, Catch::StartsWith("https://127.0.0.1:1: "));
}

TEST_CASE("an address that is none makes no transport", "[vault]") {
    const SystemClock clock;
    for (const std::string address :
         {"", "vault", "ftp://vault", "https://u@vault", "https://v/x"}) {
        const role::VaultAccess access = testing::access_to(address);
        const auto transport = CurlTransport::create(access, clock);
        REQUIRE_FALSE(transport);
        CHECK(transport.error().kind == Failure::config);
    }
}

}  // namespace install_cert::vault
