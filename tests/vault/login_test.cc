// SPDX-License-Identifier: Apache-2.0
// The login methods, as Vault's API documents them.
#include "vault/login.h"

#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/vault/access.h"

namespace install_cert::vault {
namespace {

// Files by path; all others are not there yet.
ReadSecret files(std::map<std::string, std::string> content) {
    return
        [held = std::move(content)](const role::Auth&, const std::string& path) -> Result<Secret> {
            const auto found = held.find(path);
            if (found == held.end()) {
                return fail(Failure::not_yet, path + ": No such file or directory");
            }
            return Secret(found->second);
        };
}

const ReadSecret kFiles = files({{"/secret-id", "s3\"cret"}, {"/jwt", "a.b.c"}, {"/role-id", "r"}});

}  // namespace

TEST_CASE("each method logs in as Vault's API has it", "[vault]") {
    struct Row {
        role::AuthMethod method;
        std::string path;
        std::string body;
    };

    const std::vector<Row> rows{
        {role::AuthMethod::approle,
         "/v1/auth/approle/login",
         R"({"role_id":"my-role","secret_id":"s3\"cret"})"},
        {role::AuthMethod::cert, "/v1/auth/cert/login", R"({"name":"node"})"},
        {role::AuthMethod::jwt, "/v1/auth/jwt/login", R"({"role":"node","jwt":"a.b.c"})"},
        {role::AuthMethod::kubernetes,
         "/v1/auth/kubernetes/login",
         R"({"role":"node","jwt":"a.b.c"})"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.path);
        const auto request = login_request(testing::login_auth(row.method), kFiles);
        REQUIRE(request);
        CHECK(request->verb == Verb::post);
        CHECK(request->path == row.path);
        CHECK(request->body.reveal() == row.body);
        CHECK(request->token == nullptr);
        CHECK(request->resend == Resend::never);
    }
}

TEST_CASE("another mount, a role id from a file and a role without secret id", "[vault]") {
    role::Auth elsewhere = testing::login_auth(role::AuthMethod::approle);
    elsewhere.mount = "sites/b/approle";
    elsewhere.role_id_file = "/role-id";
    elsewhere.secret_id_file.clear();
    const auto request = login_request(elsewhere, kFiles);
    REQUIRE(request);
    CHECK(request->path == "/v1/auth/sites/b/approle/login");
    CHECK(request->body.reveal() == R"({"role_id":"r"})");
    CHECK(login_path(elsewhere) == "auth/sites/b/approle/login");
    role::Auth any = testing::login_auth(role::AuthMethod::cert);
    any.role.clear();
    CHECK(login_request(any, kFiles)->body.reveal() == "{}");
}

TEST_CASE("a file that is not there yet is waited for", "[vault]") {
    for (const auto method :
         {role::AuthMethod::approle, role::AuthMethod::jwt, role::AuthMethod::kubernetes}) {
        const auto request = login_request(testing::login_auth(method), files({}));
        REQUIRE_FALSE(request);
        CHECK(request.error().kind == Failure::not_yet);
    }
    CHECK_FALSE(login_request(testing::login_auth(role::AuthMethod::token), kFiles));
}

TEST_CASE("the answer to a login must hold a token fit for a header", "[vault]") {
    struct Row {
        std::string prose;
        std::string json;
        bool good;
    };

    const std::vector<Row> rows{
        {"a token", R"({"auth":{"client_token":"hvs.CAES"}})", true},
        {"none", R"({"auth":{}})", false},
        {"null", R"({"auth":{"client_token":null}})", false},
        {"no auth", R"({"auth":null,"data":{}})", false},
        {"empty", R"({"auth":{"client_token":""}})", false},
        {"a number", R"({"auth":{"client_token":7}})", false},
        {"a second factor", R"({"auth":{"client_token":"","mfa_requirement":{}}})", false},
        {"a line end", R"({"auth":{"client_token":"a\r\nX-Evil: 1"}})", false},
        {"a blank", R"({"auth":{"client_token":"a b"}})", false},
        {"not ASCII", R"({"auth":{"client_token":"\u00e9"}})", false},
    };
    for (const Row& row : rows) {
        INFO(row.prose);
        const auto json = Json::parse(Secret(row.json));
        REQUIRE(json);
        const auto token = read_login(*json);
        CHECK(token.has_value() == row.good);
        if (!token) {
            CHECK(
                (token.error().kind == Failure::rejected || token.error().kind == Failure::denied));
        }
    }
}

}  // namespace install_cert::vault
