// SPDX-License-Identifier: Apache-2.0
// Everything around the certificates: what is missing, renewal, Vault, login, variables.
#include <string>

#include <catch2/catch.hpp>

#include "config_fixture.h"

namespace install_cert::role {

TEST_CASE("what is missing is told at the place where it should be", "[role]") {
    check_all({
        {"neither a role nor certificates",
         "vault: {address: https://v}\n",
         {"config.yaml:1:1: neither 'role' nor 'certificates': nothing to install: write role: "
          "etcd, controller or worker"}},
        {"no certificates in them",
         "vault: {address: https://v}\ncertificates: {}\n",
         {"config.yaml:2:15: 'certificates' is empty: nothing to install"}},
        {"an unknown role",
         "vault: {address: https://v}\nrole: contoller\n",
         {"config.yaml:2:7: no role 'contoller'"}},
        {"a role that is a path",
         "vault: {address: https://v}\nrole: ../etcd\n",
         {"config.yaml:2:7: '../etcd' is no name of a role"}},
        {"no Vault",
         "certificates:\n  web: {mount: a, role: b, common_name: c, directory: /d, files: {ca: "
         "e}}\n",
         {"config.yaml:1:1: vault has no 'address' (nor is VAULT_ADDR or BAO_ADDR set)"}},
        {"an empty certificate",
         "vault: {address: https://v}\ncertificates: {web: {}}\n",
         {"config.yaml:2:16: certificate 'web' has no 'mount'",
          "config.yaml:2:16: certificate 'web' has no 'role'",
          "config.yaml:2:16: certificate 'web' asks for no name at all",
          "config.yaml:2:16: certificate 'web' has no 'directory'",
          "config.yaml:2:16: certificate 'web' has no 'files': nothing would be installed"}},
        {"another name for a certificate that is there",
         host_file_with("  wep: {owner: etcd}\n"),
         {"config.yaml:10:3: nothing describes certificate 'wep': did you mean 'web'?"}},
        {"no name in a file",
         certificate_with("    files: {key: {mode: \"0600\"}}\n"),
         {"config.yaml:5:18: file 'key' has no 'name'"}},
        {"no files",
         certificate_with("    files: {}\n"),
         {"config.yaml:5:12: certificate 'web' has no 'files': nothing would be installed"}},
        {"no names",
         "vault: {address: https://v}\ncertificates:\n  web: {mount: a, role: b, alt_names: [], "
         "directory: /d, files: {ca: e}}\n",
         {"config.yaml:3:3: certificate 'web' asks for no name at all"}},
        {"no client key",
         "vault: {address: https://v, client_cert: /c}\n" + kWeb,
         {"config.yaml:1:42: 'client_cert' without 'client_key': mutual TLS needs both"}},
        {"no client certificate",
         "vault: {address: https://v, client_key: /c}\n" + kWeb,
         {"config.yaml:1:41: 'client_key' without 'client_cert': mutual TLS needs both"}},
        {"key_bits alone",
         certificate_with("    key_bits: 256\n"),
         {"config.yaml:5:15: 'key_bits' without 'key_type'"}},
    });
}

TEST_CASE("a renewal that cannot be followed is refused", "[role][fault-96]") {
    check_all({
        {"an unknown on_boot",
         host_file_with("renewal: {on_boot: when-due}\n"),
         {"config.yaml:10:20: 'when-due' is no 'on_boot' (always, when_due): did you mean "
          "'when_due'?"}},
        {"a share without percent",
         host_file_with("renewal: {at: 0.66}\n"),
         {"config.yaml:10:15: '0.66' is no time to renew at: write a share of the lifetime such as "
          "66%, or 720h before expiry"}},
        {"a share of everything",
         host_file_with("renewal: {at: 100%}\n"),
         {"config.yaml:10:15: '100%' is no time to renew at: write a share of the lifetime such as "
          "66%, or 720h before expiry"}},
        {"a share of nothing",
         host_file_with("renewal: {at: 0%}\n"),
         {"config.yaml:10:15: '0%' is no time to renew at: write a share of the lifetime such as "
          "66%, or 720h before expiry"}},
        {"a share that is no number",
         host_file_with("renewal: {at: nan%}\n"),
         {"config.yaml:10:15: 'nan%' is no time to renew at: write a share of the lifetime such as "
          "66%, or 720h before expiry"}},
        {"a negative time",
         host_file_with("renewal: {at: -1h before expiry}\n"),
         {"config.yaml:10:15: '-1h before expiry' is no time to renew at: write a share of the "
          "lifetime such as 66%, or 720h before expiry"}},
        {"a spread over half",
         host_file_with("renewal: {spread: 51%}\n"),
         {"config.yaml:10:19: '51%' is no spread: write a share of the lifetime from 0% to 50%"}},
        {"a spread that reaches back to the start",
         host_file_with("renewal: {at: 20%, spread: 20%}\n"),
         {"config.yaml:10:28: 'spread' reaches back to before the certificate was issued: keep it "
          "below 'at'"}},
        {"a renewal before the ttl began",
         certificate_with("    ttl: 720h\n") + "renewal: {at: 720h before expiry}\n",
         {"config.yaml:5:10: renewal.at (30d before expiry) and its spread leave nothing of a "
          "lifetime of 30d: it would always be due"}},
        {"a renewal that spread brings before the ttl began",
         certificate_with("    ttl: 720h\n") + "renewal: {at: 700h before expiry}\n",
         {"config.yaml:5:10: renewal.at (29d 4h before expiry) and its spread leave nothing of a "
          "lifetime of 30d: it would always be due"}},
        {"a refresh of nothing",
         host_file_with("renewal: {ca_refresh: 0}\n"),
         {"config.yaml:10:23: 'ca_refresh' must be more than zero, this is '0'"}},
        {"a lead that is no time",
         host_file_with("renewal: {ca_lead: 1fortnight}\n"),
         {"config.yaml:10:20: '1fortnight' is no duration: write 720h, 90m, 30s or 7d"}},
    });
}

TEST_CASE("a Vault that cannot be reached safely is refused", "[role][fault-97][fault-S6]") {
    const auto vault = [](const std::string& keys) { return "vault: {" + keys + "}\n" + kWeb; };
    const auto at = [&](const std::string& address) { return vault("address: '" + address + "'"); };
    check_all({
        {"no scheme",
         at("vault.example.com:8200"),
         {"config.yaml:1:18: vault.address: no https:// in front: write https://HOST:PORT"}},
        {"another scheme",
         at("ftp://vault.example.com"),
         {"config.yaml:1:18: vault.address: 'ftp' is not https: write https://HOST:PORT"}},
        {"user info",
         at("https://root:s3cret@vault.example.com"),
         {"config.yaml:1:18: vault.address: user info in it: a token or password has its place "
          "under 'auth'"}},
        {"a path",
         at("https://vault.example.com/v1"),
         {"config.yaml:1:18: vault.address: a path in it: leave it out: /v1 is added"}},
        {"a path of slashes",
         at("https://vault.example.com//"),
         {"config.yaml:1:18: vault.address: a path in it: leave it out: /v1 is added"}},
        {"a query",
         at("https://vault.example.com?a=b"),
         {"config.yaml:1:18: vault.address: a path in it: leave it out: /v1 is added"}},
        {"a fragment",
         at("https://vault.example.com#a"),
         {"config.yaml:1:18: vault.address: a path in it: leave it out: /v1 is added"}},
        {"no host",
         at("https://"),
         {"config.yaml:1:18: vault.address: '' is no host: write https://HOST:PORT"}},
        {"no host but a port",
         at("https://:8200"),
         {"config.yaml:1:18: vault.address: '' is no host: write https://HOST:PORT"}},
        {"a port of no number",
         at("https://vault.example.com:http"),
         {"config.yaml:1:18: vault.address: ':http' is no port: a port is a number from 1 to "
          "65535"}},
        {"a port too high",
         at("https://vault.example.com:65536"),
         {"config.yaml:1:18: vault.address: ':65536' is no port: a port is a number from 1 to "
          "65535"}},
        {"an empty port",
         at("https://vault.example.com:"),
         {"config.yaml:1:18: vault.address: ':' is no port: a port is a number from 1 to 65535"}},
        {"IPv6 without brackets",
         at("https://fd00::1:8200"),
         {"config.yaml:1:18: vault.address: an IPv6 address without brackets: write "
          "https://[::1]:8200"}},
        {"brackets around a name",
         at("https://[vault.example.com]"),
         {"config.yaml:1:18: vault.address: 'vault.example.com' is no host: write "
          "https://HOST:PORT"}},
        {"an unclosed bracket",
         at("https://[fd00::1"),
         {"config.yaml:1:18: vault.address: '[' without ']': write https://HOST:PORT"}},
        {"something after the bracket",
         at("https://[fd00::1]8200"),
         {"config.yaml:1:18: vault.address: '8200' is no port: a port is a number from 1 to "
          "65535"}},
        {"a host with a space",
         at("https://vault example"),
         {"config.yaml:1:18: vault.address: 'vault example' is no host: write https://HOST:PORT"}},
        {"plain http",
         at("http://vault.example.com"),
         {"config.yaml:1:18: plain http to vault.example.com: the token would travel in the clear: "
          "use https, or write insecure_http: true"}},
        {"plain http to what only looks like loopback",
         at("http://127.0.0.1.example.com"),
         {"config.yaml:1:18: plain http to 127.0.0.1.example.com: the token would travel in the "
          "clear: use https, or write insecure_http: true"}},
        {"a relative CA file",
         vault("address: https://v, ca_cert: ca.pem"),
         {"config.yaml:1:38: 'ca_cert' must be an absolute path without '..': this is 'ca.pem'"}},
        {"a relative client pair",
         vault("address: https://v, client_cert: a, client_key: b"),
         {"config.yaml:1:42: 'client_cert' must be an absolute path without '..': this is 'a'",
          "config.yaml:1:57: 'client_key' must be an absolute path without '..': this is 'b'"}},
        {"a namespace with a line break",
         vault("address: https://v, namespace: \"a\\r\\nX: b\""),
         {"config.yaml:1:40: a line break or another control character in a text"}},
        {"a server name with a space",
         vault("address: https://v, tls_server_name: a b"),
         {"config.yaml:1:46: 'tls_server_name' holds more than printable ASCII"}},
        {"its own address in its address",
         at("https://${ip}"),
         {"config.yaml:1:18: '${ip}' is the address towards Vault, and not known here: use "
          "'${ip:INTERFACE}'"}},
    });
}

TEST_CASE("a login that lacks something, or says what its method does not use, is refused",
          "[role]") {
    const auto auth = [](const std::string& keys) {
        return "vault: {address: https://v, auth: {" + keys + "}}\n" + kWeb;
    };
    check_all({
        {"an unknown method",
         auth("method: userpass"),
         {"config.yaml:1:44: 'userpass' is no 'method' (token, approle, cert, jwt, kubernetes)"}},
        {"a relative token file",
         auth("token_file: token"),
         {"config.yaml:1:48: 'token_file' must be an absolute path without '..': this is 'token'"}},
        {"a role_id for a token",
         auth("role_id: a"),
         {"config.yaml:1:45: 'role_id' has no meaning with method 'token'"}},
        {"a mount for a token",
         auth("mount: a"),
         {"config.yaml:1:43: 'mount' has no meaning with method 'token'"}},
        {"approle without role_id",
         auth("method: approle"),
         {"config.yaml:1:35: vault.auth has neither 'role_id' nor 'role_id_file'"}},
        {"approle with both",
         auth("method: approle, role_id: a, role_id_file: /b"),
         {"config.yaml:1:79: 'role_id' and 'role_id_file' exclude each other"}},
        {"approle with a token file",
         auth("method: approle, role_id: a, token_file: /b"),
         {"config.yaml:1:77: 'token_file' has no meaning with method 'approle'"}},
        {"cert without client certificate",
         auth("method: cert"),
         {"config.yaml:1:35: login with method 'cert' needs vault.client_cert and client_key"}},
        {"cert without client certificate, for one certificate",
         certificate_with("    auth: {method: cert}\n"),
         {"config.yaml:5:11: login with method 'cert' needs vault.client_cert and client_key"}},
        {"jwt without anything",
         auth("method: jwt"),
         {"config.yaml:1:35: vault.auth has no 'jwt_file'",
          "config.yaml:1:35: vault.auth has no 'role'"}},
        {"kubernetes without role",
         auth("method: kubernetes"),
         {"config.yaml:1:35: vault.auth has no 'role'"}},
        {"a certificate's token file under approle",
         "vault: {address: https://v, auth: {method: approle, role_id: a}}\n"
         "certificates:\n"
         "  web: {mount: a, role: b, common_name: c, directory: /d, files: {ca: e}, auth: "
         "{token_file: /t}}\n",
         {"config.yaml:3:94: 'token_file' has no meaning with method 'approle'"}},
    });
}

TEST_CASE("variables that stand for nothing are refused where they are used", "[role]") {
    const auto named = [](const std::string& name) {
        return certificate_with("    common_name: \"" + name + "\"\n");
    };
    check_all({
        {"an undefined one",
         named("${api}"),
         {"config.yaml:5:18: '${api}' is not defined: define it under 'variables' or in an "
          "environment file"}},
        {"a misspelt one",
         named("${hostnam}"),
         {"config.yaml:5:18: '${hostnam}' is not defined: did you mean 'hostname'?"}},
        {"no cluster",
         certificate_with("    mount: \"${cluster}/pki\"\n"),
         {"config.yaml:5:12: '${cluster}' is not defined: write cluster: NAME at the top"}},
        {"a variable named cluster",
         host_file_with("variables: {cluster: k}\n"),
         {"config.yaml:10:13: 'cluster' is no variable: it is a key of its own, at the top"}},
        {"a variable with a space",
         host_file_with("variables: {a b: k}\n"),
         {"config.yaml:10:13: 'a b' is no name for a variable: write letters, digits, '_', '-' and "
          "'.'"}},
        {"twice",
         named("${a}${a}"),
         {"config.yaml:5:18: '${a}' is not defined: define it under 'variables' or in an "
          "environment file"}},
        {"an unclosed one",
         named("a${b"),
         {"config.yaml:5:18: '${' begins no variable here: a literal '${' is written '$${'"}},
        {"one without a name",
         named("a${}"),
         {"config.yaml:5:18: '${' begins no variable here: a literal '${' is written '$${'"}},
        {"one within another",
         named("${a${b}}"),
         {"config.yaml:5:18: '${' begins no variable here: a literal '${' is written '$${'"}},
        {"an interface that is not there",
         named("${ip:eth9}"),
         {"config.yaml:5:18: ${ip:eth9}: there is none yet"}},
        {"an unset variable of the environment",
         named("${env:NOPE}"),
         {"config.yaml:5:18: ${env:NOPE}: it is not set"}},
        {"one that refers to itself",
         host_file_with("variables: {a: \"${b}\", b: \"${a}\"}\n"),
         {"config.yaml:10:27: '${a}' refers to itself"}},
        {"one defined by an undefined one",
         host_file_with("variables: {a: \"x${b}\"}\n"),
         {"config.yaml:10:16: '${b}' is not defined: did you mean 'a'?"}},
        {"those that multiply each other",
         host_file_with("variables:\n  a: 0123456789abcdef0123456789abcdef\n"
                        "  b: "
                        "\"${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}"
                        "${a}${a}${a}${a}${a}${a}${a}\"\n"
                        "  c: "
                        "\"${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}"
                        "${b}${b}${b}${b}${b}${b}${b}\"\n"),
         {"config.yaml:13:6: expands to more than 16 KiB"}},
        {"a relative environment file",
         host_file_with("environment_files: [etc/environment]\n"),
         {"config.yaml:10:21: environment file 'etc/environment' must be an absolute path"}},
        {"an absent environment file",
         host_file_with("environment_files: [/etc/environment]\n"),
         {"config.yaml:10:21: /etc/environment: No such file: write -/etc/environment if it may be "
          "absent"}},
        {"one that an absent optional file may define",
         named("${api}") + "environment_files: [-/etc/environment]\n",
         {"config.yaml:5:18: '${api}' is not defined; /etc/environment is not there (yet)"}},
    });
}

}  // namespace install_cert::role
