// SPDX-License-Identifier: Apache-2.0
// Vault API: /auth/approle, /auth/cert, /auth/jwt, /auth/kubernetes.
#include "vault/login.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "vault/http_fields.h"
#include "vault/json_text.h"

namespace install_cert::vault {
namespace {

std::string_view default_mount(role::AuthMethod method) {
    switch (method) {
        case role::AuthMethod::token:
            return "token";
        case role::AuthMethod::approle:
            return "approle";
        case role::AuthMethod::cert:
            return "cert";
        case role::AuthMethod::jwt:
            return "jwt";
        case role::AuthMethod::kubernetes:
            return "kubernetes";
    }
    std::unreachable();
}

std::string_view mount_of(const role::Auth& auth) {
    return auth.mount.empty() ? default_mount(auth.method) : std::string_view(auth.mount);
}

Result<Secret> approle_body(const role::Auth& auth, const ReadSecret& read_secret) {
    JsonText body;
    if (auth.role_id_file.empty()) {
        body.add("role_id", auth.role_id);
    } else {
        const auto role_id = read_secret(auth, auth.role_id_file);
        if (!role_id) {
            return std::unexpected(role_id.error());
        }
        body.add("role_id", role_id->reveal());
    }
    // A role may be bound by address alone (bind_secret_id=false): then there is no secret id.
    if (!auth.secret_id_file.empty()) {
        const auto secret_id = read_secret(auth, auth.secret_id_file);
        if (!secret_id) {
            return std::unexpected(secret_id.error());
        }
        body.add("secret_id", secret_id->reveal());
    }
    return body.finish();
}

Result<Secret> jwt_body(const role::Auth& auth, const ReadSecret& read_secret) {
    const auto jwt = read_secret(auth, auth.jwt_file);
    if (!jwt) {
        return std::unexpected(jwt.error());
    }
    JsonText body;
    body.add("role", auth.role).add("jwt", jwt->reveal());
    return body.finish();
}

Result<Secret> login_body(const role::Auth& auth, const ReadSecret& read_secret) {
    switch (auth.method) {
        case role::AuthMethod::approle:
            return approle_body(auth, read_secret);
        case role::AuthMethod::cert: {
            JsonText body;
            body.add("name", auth.role);
            return body.finish();
        }
        case role::AuthMethod::jwt:
        case role::AuthMethod::kubernetes:
            return jwt_body(auth, read_secret);
        case role::AuthMethod::token:
            break;
    }
    return fail(Failure::config, "auth method `token` does not log in");
}

}  // namespace

std::string login_path(const role::Auth& auth) {
    return plain_path({"auth", mount_of(auth), "login"});
}

Result<HttpRequest> login_request(const role::Auth& auth, const ReadSecret& read_secret) {
    auto body = login_body(auth, read_secret);
    if (!body) {
        return std::unexpected(body.error());
    }
    return HttpRequest{.verb = Verb::post,
                       .path = api_path({"auth", mount_of(auth), "login"}),
                       .body = std::move(*body)};
}

Result<Secret> read_login(const Json& answer) {
    const auto token = answer.root().object("auth").text("client_token");
    if (const auto sound = answer.sound(); !sound) {
        return std::unexpected(sound.error());
    }
    if (!token || token->empty()) {
        return fail(Failure::rejected,
                    "the answer to the login has no auth.client_token",
                    "a login that asks for a second factor cannot be used by a host");
    }
    Secret secret(*token);
    if (const auto checked = check_token(secret); !checked) {
        return std::unexpected(checked.error());
    }
    return secret;
}

Result<> check_token(const Secret& token) {
    const auto graphic = [](char c) { return c > 0x20 && c < 0x7f; };
    if (token.empty() || !std::ranges::all_of(token.reveal(), graphic)) {
        return fail(Failure::denied, "the token is empty or holds bytes that no token has");
    }
    return {};
}

}  // namespace install_cert::vault
