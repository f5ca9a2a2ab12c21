// SPDX-License-Identifier: Apache-2.0
// What an HTTP answer means.
#include "vault/answer.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace install_cert::vault {
namespace {

HttpResponse response(int status, std::string_view body) {
    return {
        .status = status, .body = Secret(body), .retry_after = std::nullopt, .date = std::nullopt};
}

std::string errors(std::string_view text) {
    return R"({"errors":[")" + std::string(text) + R"("]})";
}

constexpr std::string_view kPath = "kluster/pki/issue/web";

}  // namespace

TEST_CASE("each status is the failure that its cause calls for", "[vault][fault-25][fault-28]") {
    struct Row {
        int status;
        std::string words;
        Failure kind;
        std::string what;
        std::string way_out;
    };

    const std::vector<Row> rows{
        {400,
         "common name x not allowed by this role",
         Failure::rejected,
         "not allowed",
         "allowed_domains"},
        {400,
         "unknown role: web",
         Failure::rejected,
         "unknown role: web (400)",
         "install-cert policy"},
        {401, "no", Failure::denied, "no (401)", ""},
        {403, "permission denied", Failure::denied, "permission denied (403)", ""},
        {404, "no handler for route", Failure::rejected, "kluster/pki/issue/web", "secrets list"},
        {405, "unsupported operation", Failure::rejected, "(405)", "PKI engine"},
        {408, "", Failure::not_yet, "(408)", ""},
        {412, "", Failure::not_yet, "(412)", ""},
        {413, "", Failure::rejected, "too large (413)", ""},
        {418, "", Failure::rejected, "no reason given (418)", ""},
        {429, "", Failure::not_yet, "too many requests (429)", ""},
        {472, "", Failure::not_yet, "(472)", ""},
        {473, "", Failure::not_yet, "(473)", ""},
        {500, "internal error", Failure::unavailable, "internal error (500)", ""},
        {501, "", Failure::unavailable, "not initialised (501)", "operator init"},
        {502, "", Failure::unavailable, "(502)", ""},
        {503, "Vault is sealed", Failure::unavailable, "Vault is sealed (503)", "operator unseal"},
        {504, "", Failure::unavailable, "(504)", ""},
        {599, "", Failure::unavailable, "(599)", ""},
        {201, "", Failure::rejected, "(201)", ""},
        {304, "", Failure::rejected, "(304)", ""},
        {0, "", Failure::rejected, "(0)", ""},
    };
    for (const Row& row : rows) {
        CAPTURE(row.status);
        const auto error =
            refusal(kPath, response(row.status, row.words.empty() ? "" : errors(row.words)));
        CHECK(error.kind == row.kind);
        CHECK_THAT(error.what, Catch::StartsWith(std::string(kPath) + ": "));
        CHECK_THAT(error.what, Catch::Contains(row.what));
        CHECK_THAT(error.way_out, Catch::Contains(row.way_out));
        CHECK(row.way_out.empty() == error.way_out.empty());
    }
}

TEST_CASE("the server's wish to be left alone travels with the failure", "[vault]") {
    HttpResponse throttled = response(429, "");
    throttled.retry_after = std::chrono::seconds{9};
    CHECK(refusal(kPath, std::move(throttled)).retry_after == std::chrono::seconds{9});
}

TEST_CASE("what Vault says is one short line without control bytes", "[vault][fault-S9]") {
    const std::vector<std::string> bodies{
        errors(R"(1 error occurred:\n\t* permission denied\n\n)"),
        errors(R"(evil\u001b[2Jtext\r\ninstall-cert: all is well)"),
        errors(std::string(100'000, 'x')),
        R"({"errors":["one","two","three"]})",
        R"({"errors":["z\u00fcrich"]})",
        "<html>\n\x1b[31m\x80\xff" + std::string(100'000, ' ') + "</html>",
        std::string(1'000'000, '\x07'),
    };
    for (const std::string& body : bodies) {
        CAPTURE(body.substr(0, 60));
        for (const int status : {200, 400, 403, 500, 503}) {
            const auto json = json_answer(kPath, response(status, body));
            if (json) {
                continue;
            }
            CHECK(json.error().what.size() < 300);
            for (const char c : json.error().what) {
                CHECK_FALSE((static_cast<unsigned char>(c) < 0x20 || c == 0x7f));
            }
        }
    }
    CHECK(refusal(kPath, response(403, bodies[0])).what ==
          "kluster/pki/issue/web: permission denied (403)");
    CHECK(refusal(kPath, response(400, bodies[3])).what ==
          "kluster/pki/issue/web: one; two; three (400)");
}

TEST_CASE("a captive portal's page is no answer from Vault", "[vault][fault-36]") {
    const std::string page =
        "<!DOCTYPE html>\n<title>Welcome to the airport</title>" + std::string(5000, 'x');
    const auto json = json_answer(kPath, response(200, page));
    REQUIRE_FALSE(json);
    CHECK(json.error().kind == Failure::rejected);
    CHECK_THAT(json.error().what,
               Catch::StartsWith("kluster/pki/issue/web: not JSON from Vault: \"<!DOCTYPE html> "
                                 "<title>Welcome"));
    CHECK(json.error().what.size() < 150);
    const auto behind_balancer = refusal(kPath, response(503, "<h1>No server</h1>"));
    CHECK(behind_balancer.kind == Failure::unavailable);
    CHECK_THAT(behind_balancer.what,
               Catch::Contains("not JSON from Vault: \"<h1>No server</h1>\""));
}

TEST_CASE("an answer of Vault that was cut is not shown: it may hold a key", "[vault]") {
    const auto json =
        json_answer(kPath, response(200, R"({"data":{"private_key":"-----BEGIN CANARY)"));
    REQUIRE_FALSE(json);
    CHECK(json.error().kind == Failure::rejected);
    CHECK_THAT(json.error().what, !Catch::Contains("CANARY"));
}

TEST_CASE("error bodies of any shape are survived", "[vault]") {
    const std::vector<std::string> bodies{"",
                                          "{}",
                                          R"({"errors":null})",
                                          R"({"errors":[]})",
                                          R"({"errors":"text"})",
                                          R"({"errors":[1,2]})",
                                          R"({"errors":{"a":"b"}})",
                                          R"(["errors"])",
                                          R"({"errors":["cut)"};
    for (const std::string& body : bodies) {
        CAPTURE(body);
        const auto error = refusal(kPath, response(500, body));
        CHECK(error.kind == Failure::unavailable);
        CHECK(error.what == "kluster/pki/issue/web: no reason given (500)");
    }
}

TEST_CASE("warnings are kept, escaped, and not without end", "[vault][fault-29]") {
    const auto json = json_answer(
        kPath,
        response(
            200,
            R"({"warnings":["TTL \"9000h\" is\nlonger","\u0007b","","","","","","","","9"]})"));
    REQUIRE(json);
    const auto lines = warnings(json->root());
    REQUIRE(lines.size() == 8);
    CHECK_THAT(lines[0], Catch::Contains("is longer"));
    CHECK(lines[1] == "\\x07b");
    const auto none = json_answer(kPath, response(200, R"({"warnings":null})"));
    REQUIRE(none);
    CHECK(warnings(none->root()).empty());
}

TEST_CASE("sealed and throttled concern the whole server, a refused name does not", "[vault]") {
    for (const int status : {429, 501, 503}) {
        CHECK(concerns_whole_server(status));
    }
    for (const int status : {200, 400, 403, 404, 405, 412, 500, 502}) {
        CHECK_FALSE(concerns_whole_server(status));
    }
}

}  // namespace install_cert::vault
