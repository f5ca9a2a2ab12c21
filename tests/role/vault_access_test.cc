// SPDX-License-Identifier: Apache-2.0
// Vault's own environment variables, and logins inherited by certificates.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config_fixture.h"
#include "role/load.h"

namespace install_cert::role {
namespace {

FakeHost with_environment(std::map<std::string, std::string, std::less<>> environment) {
    FakeHost host;
    host.environment = std::move(environment);
    return host;
}

Auth auth_of(const std::string& vault_auth, const std::string& own) {
    return load_good({.host = "vault: {address: https://v, client_cert: /c, client_key: /k" +
                              vault_auth + "}\n" +
                              "certificates:\n  web: {mount: a, role: b, common_name: c, "
                              "directory: /d, files: {ca: e}" +
                              own + "}\n"})
        .certificates.front()
        .auth;
}

}  // namespace

TEST_CASE("the environment fills in what the files leave out, BAO_ before VAULT_", "[role]") {
    const auto vault = load_good({.host = "vault: {namespace: ours}\n" + kWeb},
                                 with_environment({{"VAULT_ADDR", "https://vault"},
                                                   {"BAO_ADDR", "https://bao/"},
                                                   {"BAO_CACERT", ""},
                                                   {"VAULT_CACERT", "/ca.pem"},
                                                   {"VAULT_CLIENT_CERT", "/c.pem"},
                                                   {"VAULT_CLIENT_KEY", "/k.pem"},
                                                   {"VAULT_TLS_SERVER_NAME", "name"},
                                                   {"VAULT_NAMESPACE", "theirs"}}))
                           .vault;
    CHECK(vault.address == "https://bao");
    CHECK(vault.ca_cert == "/ca.pem");
    CHECK(vault.client_cert == "/c.pem");
    CHECK(vault.client_key == "/k.pem");
    CHECK(vault.tls_server_name == "name");
    CHECK(vault.name_space == "ours");
}

TEST_CASE("an error in the environment names the variable", "[role]") {
    CHECK(complaints({.host = kWeb}, with_environment({{"VAULT_ADDR", "vault:8200"}})) ==
          std::vector<std::string>{"environment variable VAULT_ADDR: vault.address: no https:// in "
                                   "front: write https://HOST:PORT"});
    CHECK(complaints({.host = "vault: {address: https://v}\n" + kWeb},
                     with_environment({{"BAO_CACERT", "ca.pem"}})) ==
          std::vector<std::string>{"environment variable BAO_CACERT: 'ca_cert' must be an absolute "
                                   "path without '..': this is 'ca.pem'"});
}

TEST_CASE("SKIP_VERIFY is refused unless the configuration says the same", "[role]") {
    const auto [variable, value, refused] = GENERATE(table<std::string, std::string, bool>({
        {"VAULT_SKIP_VERIFY", "true", true},
        {"VAULT_SKIP_VERIFY", "1", true},
        {"BAO_SKIP_VERIFY", "yes", true},
        {"VAULT_SKIP_VERIFY", "false", false},
        {"VAULT_SKIP_VERIFY", "0", false},
        {"BAO_SKIP_VERIFY", "", false},
    }));
    CAPTURE(variable, value);
    const auto host = with_environment({{variable, value}});
    const auto said = complaints({.host = certificate_with("")}, host);
    CHECK(said.size() == (refused ? 1U : 0U));
    if (refused) {
        CHECK(said.front() == "environment variable " + variable +
                                  " is set: anybody on the network could then pose as Vault and "
                                  "take the token: set vault.ca_cert, or write "
                                  "insecure_skip_verify: true under 'vault'");
    }
    const auto role = load_good(
        {.host = "vault: {address: https://v, insecure_skip_verify: true}\n" + kWeb}, host);
    CHECK(role.vault.insecure_skip_verify);
    CHECK(role.warnings.size() == 1);
}

TEST_CASE("a certificate's login is laid over Vault's", "[role]") {
    SECTION("another token file") {
        const auto auth = auth_of("", ", auth: {token_file: /t}");
        CHECK(auth.token_file == "/t");
        CHECK_FALSE(auth.token_file_is_default);
    }
    SECTION("the default file, written out, is no default any more") {
        CHECK_FALSE(
            auth_of(", auth: {token_file: /etc/install-cert/token}", "").token_file_is_default);
    }
    SECTION("another role of the same method") {
        const auto auth = auth_of(", auth: {method: jwt, mount: /j/, role: r, jwt_file: /f}",
                                  ", auth: {role: s}");
        CHECK(auth.method == AuthMethod::jwt);
        CHECK(auth.mount == "j");
        CHECK(auth.role == "s");
        CHECK(auth.jwt_file == "/f");
    }
    SECTION("another method inherits nothing") {
        const auto auth =
            auth_of(", auth: {method: approle, mount: m, role_id: r, secret_id_file: /s}",
                    ", auth: {method: cert}");
        CHECK(auth.method == AuthMethod::cert);
        CHECK(auth.mount == "cert");
        CHECK(auth.role.empty());
        CHECK(auth.role_id.empty());
    }
    SECTION("a role_id from a file instead of one that is written") {
        const auto auth = auth_of(", auth: {method: approle, role_id: r, secret_id_file: /s}",
                                  ", auth: {role_id_file: /r}");
        CHECK(auth.role_id.empty());
        CHECK(auth.role_id_file == "/r");
        CHECK(auth.secret_id_file == "/s");
    }
    SECTION("kubernetes knows where its token lies") {
        const auto auth = auth_of("", ", auth: {method: kubernetes, role: r}");
        CHECK(auth.mount == "kubernetes");
        CHECK(auth.jwt_file == "/var/run/secrets/kubernetes.io/serviceaccount/token");
    }
}

}  // namespace install_cert::role
