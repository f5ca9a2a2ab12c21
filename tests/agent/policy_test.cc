// SPDX-License-Identifier: Apache-2.0
#include "agent/advice/policy.h"

#include <catch2/catch.hpp>

using namespace install_cert;
using namespace install_cert::agent;

namespace {

role::CertificateSpec spec(const std::string& name, const std::string& token_file) {
    role::CertificateSpec spec;
    spec.name = name;
    spec.mount = "kluster/pki/" + name;
    spec.pki_role = name;
    spec.method = role::Method::issue;
    spec.auth.method = role::AuthMethod::token;
    spec.auth.token_file = token_file;
    spec.names.common_name = "node.cluster.local";
    return spec;
}

std::string policy_of(const role::Role& role, const std::string& name) {
    const std::string script = policy_script(role, "node");
    const std::size_t begin = script.find("vault policy write '" + name + "'");
    return begin == std::string::npos
               ? ""
               : script.substr(begin, script.find("\nPOLICY", begin) - begin);
}

}  // namespace

TEST_CASE("one token gets one policy for all that it asks", "[policy]") {
    role::Role role;
    role.name = "controller";
    role.cluster = "kluster";
    role.certificates = {spec("etcd-member", "/token"), spec("kube-apiserver", "/token")};
    const std::string policy = policy_of(role, "install-cert-kluster-controller");
    CHECK_THAT(policy, Catch::Contains("\npath \"kluster/pki/etcd-member/issue/etcd-member\""));
    CHECK_THAT(policy,
               Catch::Contains("\npath \"kluster/pki/kube-apiserver/issue/kube-apiserver\""));
    CHECK_THAT(policy_script(role, "node"),
               Catch::Contains("-policy='install-cert-kluster-controller'\n"));
}

TEST_CASE("a token per mount opens no mount but its own", "[policy]") {
    role::Role role;
    role.cluster = "kluster";
    role.certificates = {spec("etcd-member", "/a/etcd.token"),
                         spec("kube-apiserver", "/a/kube"),
                         spec("front-proxy", "/b/kube")};
    const auto [policy, own, file] = GENERATE(table<const char*, const char*, const char*>({
        {"install-cert-kluster-etcd", "etcd-member", "/a/etcd.token"},
        {"install-cert-kluster-kube", "kube-apiserver", "/a/kube"},
        {"install-cert-kluster-kube-2", "front-proxy", "/b/kube"},
    }));
    CAPTURE(policy);
    const std::string text = policy_of(role, policy);
    for (const role::CertificateSpec& certificate : role.certificates) {
        CHECK(text.contains(certificate.mount) == (certificate.name == own));
    }
    CHECK_THAT(policy_script(role, "node"),
               Catch::Contains("for " + std::string(file) + " (mode 0600)\n") &&
                   Catch::Contains("-policy='" + std::string(policy) + "'\n"));
}

TEST_CASE("revoking is shown and not granted", "[policy]") {
    role::Role role;
    role.certificates = {spec("etcd-member", "/token")};
    CHECK_THAT(policy_of(role, "install-cert"),
               Catch::Contains(
                   "\n# path \"kluster/pki/etcd-member/revoke\" { capabilities = [\"update\"]"));
}

TEST_CASE("a PKI role that hosts share allows the names of all of them, and is never replaced",
          "[policy]") {
    const auto [why,
                name,
                domains,
                settings] = GENERATE(table<std::string, std::string, std::string, std::string>({
        {"the address as a label",
         "kube-10-0-0-7.cluster.local",
         "cluster.local",
         "allow_subdomains=true"},
        {"the host's name", "node7.example.com", "example.com", "allow_subdomains=true"},
        {"an address with colons as a label",
         "kube-0--1.cluster.local",
         "cluster.local",
         "allow_subdomains=true"},
        {"the host's name in a name without a domain",
         "system:node:node7",
         "system:node:*",
         "allow_glob_domains=true"},
        {"nothing but the host's name", "node7", "node7", "allow_glob_domains=false"},
        {"a name that only begins like it",
         "node77.example.com",
         "node77.example.com",
         "allow_subdomains=false"},
        {"everybody's name", "etcd.cluster.local", "etcd.cluster.local", "allow_subdomains=false"},
        {"a wildcard", "*.cluster.local", "cluster.local", "allow_wildcard_certificates=true"},
    }));
    CAPTURE(why);
    role::Role role;
    role.certificates = {spec("web", "/token")};
    role.certificates[0].names.common_name = name;
    role.certificates[0].names.ip = {"10.0.0.7", "::1"};
    const std::string script = policy_script(role, "node7.example.com");
    CHECK_THAT(script,
               Catch::Contains("allowed_domains='" + domains + "'") && Catch::Contains(settings));
    CHECK_THAT(script,
               Catch::Contains("if vault read 'kluster/pki/web/roles/web' >/dev/null 2>&1; then"));
}

TEST_CASE("a PKI role allows the keys of all that it answers, or says whose it does not",
          "[policy]") {
    using role::Method;
    using x509::KeyKind;
    using x509::KeyType;

    struct Order {
        Method method;
        std::optional<KeyKind> key;
    };

    struct Row {
        std::string why;
        Order web;
        Order db;
        std::string settings;
        std::string stranger;
    };

    static constexpr KeyKind rsa{KeyType::rsa, 2048};
    static constexpr KeyKind long_rsa{KeyType::rsa, 4096};
    static constexpr KeyKind ec{KeyType::ec, 384};
    const auto row = GENERATE(values<Row>({
        {"nobody minds",
         {Method::issue, {}},
         {Method::issue, {}},
         "key_type=rsa key_bits=2048",
         ""},
        {"one minds", {Method::issue, {}}, {Method::sign, ec}, "key_type=ec key_bits=384", ""},
        {"the bits are the least",
         {Method::sign, long_rsa},
         {Method::sign, rsa},
         "key_type=rsa key_bits=2048",
         ""},
        {"types differ", {Method::sign, rsa}, {Method::sign, ec}, "key_type=any no_store", ""},
        {"issue gets another key where sign would be refused",
         {Method::issue, rsa},
         {Method::sign, ec},
         "key_type=ec key_bits=384",
         "'web' asks for a key of rsa 2048"},
        {"issue gets fewer bits",
         {Method::issue, long_rsa},
         {Method::sign, rsa},
         "key_type=rsa key_bits=2048",
         "'web' asks for a key of rsa 4096"},
        {"two that are issued",
         {Method::issue, rsa},
         {Method::issue, ec},
         "key_type=rsa key_bits=2048",
         "'db' asks for a key of ec 384"},
    }));
    CAPTURE(row.why);
    role::Role role;
    role.certificates = {spec("web", "/token"), spec("db", "/token")};
    for (role::CertificateSpec& each : role.certificates) {
        const Order& order = each.name == "web" ? row.web : row.db;
        each.mount = "kluster/pki";
        each.pki_role = "shared";
        each.method = order.method;
        each.key = order.key;
    }
    const std::string script = policy_script(role, "node");
    CHECK_THAT(script, Catch::Contains(row.settings) && Catch::Contains(row.stranger));
    CHECK(script.contains("asks for a key") == !row.stranger.empty());
}

TEST_CASE("where an issue shares the PKI role, no two types can be signed", "[policy]") {
    role::Role role;
    role.certificates = {spec("web", "/token"), spec("db", "/token"), spec("api", "/token")};
    for (role::CertificateSpec& each : role.certificates) {
        each.mount = "kluster/pki";
        each.pki_role = "shared";
    }
    role.certificates[0].method = role.certificates[1].method = role::Method::sign;
    role.certificates[0].key = {x509::KeyType::rsa, 2048};
    role.certificates[1].key = {x509::KeyType::ec, 256};
    const std::string script = policy_script(role, "node");
    CHECK_THAT(script, Catch::Contains("key_type=rsa key_bits=2048"));
    CHECK_THAT(script, Catch::Contains("# 'db' asks for a key of ec 256"));
}
