// SPDX-License-Identifier: Apache-2.0
// Reads login methods and their keys.
#include "role/read_auth.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "role/diagnostics.h"
#include "role/role.h"
#include "role/section.h"

namespace install_cert::role {
namespace {

constexpr std::array kMethods{
    Choice{"token", AuthMethod::token},
    Choice{"approle", AuthMethod::approle},
    Choice{"cert", AuthMethod::cert},
    Choice{"jwt", AuthMethod::jwt},
    Choice{"kubernetes", AuthMethod::kubernetes},
};
constexpr std::span<const Choice<AuthMethod>> kMethodChoices = kMethods;

constexpr const char* kServiceAccountToken = "/var/run/secrets/kubernetes.io/serviceaccount/token";
constexpr const char* kTokenFile = "/etc/install-cert/token";

std::string_view word_of(AuthMethod method) {
    return std::ranges::find(kMethods, method, &Choice<AuthMethod>::value)->word;
}

bool uses(AuthMethod method, std::string_view key) {
    if (key == "method") {
        return true;
    }
    switch (method) {
        case AuthMethod::token:
            return key == "token_file";
        case AuthMethod::approle:
            return key == "mount" || key == "role_id" || key == "role_id_file" ||
                   key == "secret_id_file";
        case AuthMethod::cert:
            return key == "mount" || key == "role";
        case AuthMethod::jwt:
        case AuthMethod::kubernetes:
            return key == "mount" || key == "role" || key == "jwt_file";
    }
    return false;
}

Auth defaults(AuthMethod method) {
    Auth auth;
    auth.method = method;
    auth.mount = word_of(method);
    auth.token_file = method == AuthMethod::token ? kTokenFile : "";
    auth.jwt_file = method == AuthMethod::kubernetes ? kServiceAccountToken : "";
    return auth;
}

void refuse_unused(const Section& section, AuthMethod method) {
    for (const auto key : section.keys()) {
        if (!uses(method, key)) {
            section.report(section.mark_of(key),
                           quoted(key) + " has no meaning with method " + quoted(word_of(method)));
        }
    }
}

void read_approle(const Section& section, Auth& auth) {
    const bool has_id = section.has("role_id");
    const bool has_file = section.has("role_id_file");
    if (has_id && has_file) {
        section.report(section.mark_of("role_id_file"),
                       "'role_id' and 'role_id_file' exclude each other");
    }
    if (has_id || has_file) {
        auth.role_id = section.text("role_id").value_or("");
        auth.role_id_file = section.path("role_id_file");
    } else if (auth.role_id.empty() && auth.role_id_file.empty()) {
        section.report_missing(section.title() + " has neither 'role_id' nor 'role_id_file'");
    }
    if (section.has("secret_id_file")) {
        auth.secret_id_file = section.path("secret_id_file");
    }
}

void read_jwt(const Section& section, Auth& auth) {
    if (section.has("jwt_file")) {
        auth.jwt_file = section.path("jwt_file");
    } else if (auth.jwt_file.empty()) {
        section.report_missing(section.title() + " has no 'jwt_file'");
    }
    if (auth.role.empty() && !section.has("role")) {
        section.report_missing(section.title() + " has no 'role'");
    }
}

}  // namespace

Auth default_auth() {
    return defaults(AuthMethod::token);
}

Auth read_auth(const Section& section, const VaultAccess& vault) {
    const auto chosen = section.choice("method", kMethodChoices);
    if (section.has("method") && !chosen) {
        return vault.auth;
    }
    const auto method = chosen.value_or(vault.auth.method);
    auto auth = method == vault.auth.method ? vault.auth : defaults(method);
    refuse_unused(section, method);
    if (const auto mount = section.text("mount")) {
        auth.mount = without_outer_slashes(*mount);
    }
    if (method == AuthMethod::token && section.has("token_file")) {
        auth.token_file = section.path("token_file");
        auth.token_file_is_default = false;
    }
    if (method == AuthMethod::cert && vault.client_cert.empty()) {
        section.report_missing("login with method 'cert' needs vault.client_cert and client_key");
    }
    if (method == AuthMethod::approle) {
        read_approle(section, auth);
    }
    if (method == AuthMethod::jwt || method == AuthMethod::kubernetes) {
        read_jwt(section, auth);
    }
    if (const auto role = section.text("role"); role && method != AuthMethod::approle) {
        auth.role = *role;
    }
    return auth;
}

}  // namespace install_cert::role
