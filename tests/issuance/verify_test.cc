// SPDX-License-Identifier: Apache-2.0
#include "issuance/verify.h"

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/test_authority.h"

using namespace install_cert;
using namespace install_cert::issuance;
using namespace install_cert::testing;
using namespace std::chrono_literals;

using List = std::vector<std::string>;
using Terms = TestAuthority::Terms;

namespace {

const TestAuthority& root() {
    static const TestAuthority kept = TestAuthority::root("Root");
    return kept;
}

role::CertificateSpec member() {
    role::CertificateSpec spec;
    spec.name = "etcd-member";
    spec.mount = "kluster/pki/etcd-member";
    spec.pki_role = "etcd-member";
    spec.method = role::Method::issue;
    spec.names = {.common_name = "node.example",
                  .dns = {"*.cluster.local", "node.example"},
                  .ip = {"10.0.0.7", "127.0.0.1"},
                  .uri = {"spiffe://kluster/node"},
                  .email = {"ops@example.com"}};
    spec.organization = List{"system:nodes"};
    spec.usages = std::vector{x509::Usage::server, x509::Usage::client};
    spec.ttl = 720h;
    return spec;
}

Plan good_plan(const role::CertificateSpec& spec) {
    Plan plan = plan_for(spec.names);
    plan.organization = spec.organization.value_or(List{});
    return plan;
}

// One answer of an issuer and the circumstances in which it is judged; good until changed.
struct Answer {
    role::CertificateSpec spec = member();
    Plan plan = good_plan(spec);
    std::string key = "P-256";
    std::optional<TestKey> other_key;  // delivered in place of the leaf's
    std::optional<TestAuthority> issuer;
    List authorities{root().pem()};  // of the mount
    List trust{root().pem()};
    WallTime now = kNow;

    [[nodiscard]] Result<VerifiedSet> verified() const {
        const TestKey leaf_key(key, 7);
        IssuedMaterial material{.leaf = parsed(issuer.value_or(root()).issue(plan, leaf_key)),
                                .authorities = {},
                                .key = other_key.value_or(leaf_key).parsed(),
                                .response = Secret("{}"),
                                .warnings = {}};
        for (const std::string& pem : authorities) {
            material.authorities.push_back(parsed(pem));
        }
        VerificationContext context{.spec = spec, .now = now, .trust = {}};
        for (const std::string& pem : trust) {
            context.trust.push_back({.certificate = parsed(pem), .last_seen = now});
        }
        return verify(std::move(material), std::move(context));
    }
};

using Change = void (*)(Answer&);

Answer changed(Change change) {
    Answer answer;
    change(answer);
    return answer;
}

}  // namespace

TEST_CASE("a verified set is made by verify() alone", "[issuance][verify]") {
    STATIC_REQUIRE_FALSE(std::is_default_constructible_v<VerifiedSet>);
    STATIC_REQUIRE_FALSE(std::is_constructible_v<VerifiedSet,
                                                 IssuedMaterial,
                                                 std::vector<x509::Certificate>,
                                                 std::vector<TrustedAuthority>,
                                                 List>);
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<VerifiedSet>);
}

TEST_CASE("a good answer of every kind of key and method is accepted", "[issuance][verify]") {
    const auto kind = GENERATE(x509::KeyKind{x509::KeyType::rsa, 2048},
                               x509::KeyKind{x509::KeyType::rsa, 3072},
                               x509::KeyKind{x509::KeyType::rsa, 4096},
                               x509::KeyKind{x509::KeyType::ec, 256},
                               x509::KeyKind{x509::KeyType::ec, 384},
                               x509::KeyKind{x509::KeyType::ec, 521},
                               x509::KeyKind{x509::KeyType::ed25519, 0});
    const auto method = GENERATE(role::Method::issue, role::Method::sign);
    CAPTURE(to_string(kind));
    Answer answer;
    answer.key = kind_name(kind);
    answer.spec.method = method;
    answer.spec.key = kind;
    const auto set = answer.verified();
    REQUIRE(set);
    CHECK(set->key().kind() == kind);
    CHECK(set->leaf().facts().names == answer.spec.names);
    CHECK(set->intermediates().empty());
    REQUIRE(set->trust().size() == 1);
    CHECK(set->trust().front().certificate.pem() == root().pem());
    CHECK(set->response().reveal() == "{}");
    CHECK(set->remarks().empty());
}

TEST_CASE("what the specification leaves open is not judged", "[issuance][verify]") {
    const auto [what, change] = GENERATE(table<std::string, Change>({
        {"organization open",
         [](Answer& a) {
             a.spec.organization.reset();
             a.plan.organization = {"anything"};
         }},
        {"usages open, server only",
         [](Answer& a) {
             a.spec.usages.reset();
             a.plan.usages = {"serverAuth"};
         }},
        {"usages open, no extension",
         [](Answer& a) {
             a.spec.usages.reset();
             a.plan.usages = {};
         }},
        {"key usages of Vault's default",
         [](Answer& a) {
             a.plan.extensions = {
                 {"keyUsage", "critical,digitalSignature,keyEncipherment,keyAgreement"}};
         }},
        {"an RSA key that enciphers only",
         [](Answer& a) {
             a.key = "rsa2048";
             a.spec.usages = std::vector{x509::Usage::server};
             a.plan.usages = {"serverAuth"};
             a.plan.extensions = {{"keyUsage", "keyEncipherment"}};
         }},
        {"an intermediate for servers and clients",
         [](Answer& a) {
             a.issuer = root().intermediate(
                 "Issuing", Terms{.which = 1, .usages = {"serverAuth", "clientAuth"}});
             a.authorities.push_back(a.issuer->pem());
         }},
        {"usages open, an intermediate for servers only",
         [](Answer& a) {
             a.spec.usages.reset();
             a.issuer = root().intermediate("Issuing", Terms{.which = 1, .usages = {"serverAuth"}});
             a.authorities.push_back(a.issuer->pem());
         }},
        {"a usage of another kind beside",
         [](Answer& a) { a.plan.usages.push_back("codeSigning"); }},
        {"organization in another order",
         [](Answer& a) {
             a.spec.organization = List{"a", "b"};
             a.plan.organization = {"b", "a"};
         }},
        {"other parts of the subject", [](Answer& a) { a.plan.more_subject = {{"OU", "unit"}}; }},
        {"names in capitals and with a dot", [](Answer& a) { a.plan.dns[0] = "*.Cluster.Local."; }},
        {"no name at all",
         [](Answer& a) {
             a.spec.names = {};
             a.plan = good_plan(a.spec);
         }},
        {"no ttl",
         [](Answer& a) {
             a.spec.ttl.reset();
             a.plan.not_after = a.now + 1h;
         }},
    }));
    CAPTURE(what);
    const auto set = changed(change).verified();
    if (!set) {
        FAIL(set.error().what);
    }
    CHECK(set->remarks().empty());
}

TEST_CASE("the common name may be repeated among the alternative names", "[issuance][verify]") {
    const auto [name, repeat] = GENERATE(table<std::string, void (*)(Plan&)>({
        {"cn.example", [](Plan& plan) { plan.dns.push_back("cn.example"); }},
        {"CN.Example", [](Plan& plan) { plan.dns.push_back("cn.example"); }},
        {"admin@example.com", [](Plan& plan) { plan.email.push_back("admin@example.com"); }},
        {"10.9.8.7", [](Plan& plan) { plan.ip.push_back("10.9.8.7"); }},
        {"10.9.8.7", [](Plan& plan) { plan.dns.push_back("10.9.8.7"); }},
    }));
    CAPTURE(name);
    Answer answer;
    answer.spec.names.common_name = name;
    answer.plan.common_name = name;
    CHECK(answer.verified());
    repeat(answer.plan);
    CHECK(answer.verified());
}

TEST_CASE("what is wrong with an answer is named",
          "[issuance][verify][fault-44][fault-45][fault-46][fault-51][fault-S17]") {
    const auto [what, change, named] = GENERATE(table<std::string, Change, List>({
        {"key of another leaf",
         [](Answer& a) { a.other_key = TestKey("P-256", 8); },
         {"the key does not belong to the certificate"}},
        {"key of another kind",
         [](Answer& a) { a.other_key = TestKey("ed25519"); },
         {"the key does not belong to the certificate"}},
        {"common name missing",
         [](Answer& a) { a.plan.common_name.reset(); },
         {"lacks common name node.example"}},
        {"another common name",
         [](Answer& a) { a.plan.common_name = "evil.example"; },
         {"lacks common name node.example and has common name evil.example that was not asked"}},
        {"common name in capitals",
         [](Answer& a) { a.plan.common_name = "NODE.example"; },
         {"has common name NODE.example"}},
        {"common name that nobody asked for",
         [](Answer& a) {
             a.spec.names.common_name.clear();
             a.plan = good_plan(a.spec);
             a.plan.common_name = "node.example";
         },
         {"has common name node.example that was not asked for"}},
        {"second common name",
         [](Answer& a) { a.plan.more_subject = {{"CN", "evil.example"}}; },
         {"a second common name 'evil.example' that was not asked for"}},
        {"DNS name missing", [](Answer& a) { a.plan.dns = {"node.example"}; }, {"lacks DNS *.cluster.local"}},
        {"address missing and a name too many",
         [](Answer& a) {
             a.plan.ip = {"127.0.0.1"};
             a.plan.dns.push_back("evil.example");
         },
         {"the certificate lacks IP 10.0.0.7 and has DNS evil.example that was not asked for"}},
        {"address too many", [](Answer& a) { a.plan.ip.push_back("::1"); }, {"has IP ::1 that was not"}},
        {"wildcard too many",
         [](Answer& a) { a.plan.dns.push_back("*.example"); },
         {"has DNS *.example that was not"}},
        {"address as a DNS name",
         [](Answer& a) { a.plan.dns.push_back("10.0.0.7"); },
         {"has DNS 10.0.0.7 that was not"}},
        {"URI missing", [](Answer& a) { a.plan.uri.clear(); }, {"lacks URI spiffe://kluster/node"}},
        {"URI too many", [](Answer& a) { a.plan.uri.push_back("a:b"); }, {"has URI a:b"}},
        {"e-mail missing", [](Answer& a) { a.plan.email.clear(); }, {"lacks e-mail ops@example.com"}},
        {"e-mail too many", [](Answer& a) { a.plan.email.push_back("a@b"); }, {"has e-mail a@b"}},
        {"user principal name",
         [](Answer& a) {
             a.spec.names = {.common_name = "node.example"};
             a.plan = good_plan(a.spec);
             a.plan.extensions = {{"subjectAltName", "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:admin"}};
         },
         {"has otherName 1.3.6.1.4.1.311.20.2.3 that was not asked for"}},
        {"all names missing", [](Answer& a) { a.plan = Plan{}; }, {"lacks", "DNS *.cluster.local", "IP 10.0.0.7"}},
        {"another organization",
         [](Answer& a) { a.plan.organization = {"system:masters"}; },
         {"the organization 'system:masters' instead of 'system:nodes'"}},
        {"one organization more",
         [](Answer& a) { a.plan.organization = {"system:nodes", "system:masters"}; },
         {"'system:nodes', 'system:masters' instead of 'system:nodes'"}},
        {"no organization", [](Answer& a) { a.plan.organization.clear(); }, {"the organization none instead"}},
        {"client only",
         [](Answer& a) { a.plan.usages = {"clientAuth"}; },
         {"lacks the extended key usage server"}},
        {"no usages", [](Answer& a) { a.plan.usages = {}; }, {"lacks the extended key usage server"}},
        {"a usage too many",
         [](Answer& a) { a.spec.usages = std::vector{x509::Usage::server}; },
         {"has the extended key usage client that was not asked for"}},
        {"unfit usages, none expected",
         [](Answer& a) {
             a.spec.usages.reset();
             a.plan.usages = {"codeSigning"};
         },
         {"allows neither server nor client authentication"}},
        {"a key that may only sign revocation lists",
         [](Answer& a) { a.plan.extensions = {{"keyUsage", "critical,cRLSign"}}; },
         {"must not be used: a key usage without digitalSignature"}},
        {"an EC key that only agrees",
         [](Answer& a) { a.plan.extensions = {{"keyUsage", "keyAgreement"}}; },
         {"must not be used: a key usage without digitalSignature"}},
        {"an intermediate for servers only",
         [](Answer& a) {
             a.issuer =
                 root().intermediate("Issuing", Terms{.which = 1, .usages = {"serverAuth"}});
             a.authorities.push_back(a.issuer->pem());
         },
         {"does not lead to the CA for use as client: ", "(at 'CN=Issuing')"}},
        {"usages open, an intermediate for neither",
         [](Answer& a) {
             a.spec.usages.reset();
             a.issuer =
                 root().intermediate("Issuing", Terms{.which = 1, .usages = {"emailProtection"}});
             a.authorities.push_back(a.issuer->pem());
         },
         {"for use as server: ", "as client: "}},
        {"a CA", [](Answer& a) { a.plan.is_ca = true; }, {"the certificate is a CA"}},
        {"SHA-1", [](Answer& a) { a.plan.digest = "SHA1"; }, {"must not be used: signed with SHA1"}},
        {"unknown curve",
         [](Answer& a) {
             a.key = "secp224r1";
             a.other_key = TestKey("P-256");
         },
         {"must not be used: a key of a kind we do not know"}},
        {"RSA 1024", [](Answer& a) { a.key = "rsa1024"; }, {"must not be used: a key of RSA 1024"}},
        {"expired",
         [](Answer& a) { a.now = kNow + 720h; },
         {"expired at 2026-01-31T00:00:00Z by this host's clock"}},
        {"expires in 9 s",
         [](Answer& a) { a.now = kNow + 720h - 9s; },
         {"is valid for another 9s only"}},
        {"not valid for long",
         [](Answer& a) { a.now = kNow - 30s - 301s; },
         {"is valid only from 2025-12-31T23:59:30Z, 5m 1s ahead of this host's clock"}},
        {"no CA at all",
         [](Answer& a) {
             a.authorities.clear();
             a.trust.clear();
         },
         {"does not lead to the CA: unable to get local issuer certificate"}},
        {"a CA of the same name",
         [](Answer& a) { a.trust = {TestAuthority::root("Root", Terms{.which = 3}).pem()}; },
         {"does not lead to the CA"}},
        {"forged signature",
         [](Answer& a) { a.plan.forger = TestKey("P-256", 8); },
         {"does not lead to the CA: certificate signature failure"}},
        {"expired CA",
         [](Answer& a) {
             a.issuer = TestAuthority::root("Old", Terms{.which = 3, .not_after = kNow - 1s});
             a.authorities = a.trust = {a.issuer->pem()};
         },
         {"does not lead to the CA: certificate has expired (at 'CN=Old')"}},
        {"intermediate missing",
         [](Answer& a) { a.issuer = root().intermediate("Issuing", Terms{.which = 1}); },
         {"does not lead to the CA"}},
        {"weak intermediate",
         [](Answer& a) {
             a.issuer = root().intermediate("Issuing", Terms{.key = "rsa1024"});
             a.authorities.push_back(a.issuer->pem());
         },
         {"does not lead to the CA", "too weak (at 'CN=Issuing')"}},
        {"the leaf itself given as its CA",
         [](Answer& a) { a.trust = {a.issuer.value_or(root()).issue(a.plan, TestKey("P-256", 7))}; },
         {"is given as a CA but is none", "does not lead to the CA"}},
    }));
    CAPTURE(what);
    const auto set = changed(change).verified();
    REQUIRE_FALSE(set);
    CHECK(set.error().kind == Failure::rejected);
    CHECK_THAT(set.error().what, Catch::StartsWith("verifying 'etcd-member': "));
    for (const std::string& name : named) {
        CHECK_THAT(set.error().what, Catch::Contains(name));
    }
    CHECK_THAT(set.error().way_out, Catch::Contains("kluster/pki/etcd-member/roles/etcd-member"));
}

TEST_CASE("everything that is wrong is said at once", "[issuance][verify]") {
    Answer answer;
    answer.other_key = TestKey("P-256", 8);
    answer.plan.dns.push_back("evil.example");
    answer.plan.organization = {"system:masters"};
    answer.plan.usages = {"clientAuth"};
    answer.plan.is_ca = true;
    answer.trust = {TestAuthority::root("Stranger", Terms{.which = 3}).pem()};
    answer.now = kNow + 720h + 1s;
    const auto set = answer.verified();
    REQUIRE_FALSE(set);
    CHECK(set.error().what ==
          "verifying 'etcd-member': the key does not belong to the certificate; the certificate "
          "has DNS evil.example that was not asked for; the certificate has the organization "
          "'system:masters' instead of 'system:nodes'; the certificate lacks the extended key "
          "usage server; the certificate is a CA; the certificate expired at "
          "2026-01-31T00:00:00Z by this host's clock; the certificate does not lead to the CA: "
          "unable to get "
          "local issuer certificate (at 'CN=node.example,O=system:masters')");
}

TEST_CASE("a long list of names is cut in the message", "[issuance][verify]") {
    Answer answer;
    for (int i = 0; i < 100; ++i) {
        answer.plan.dns.push_back("evil-" + std::to_string(i) + ".example");
    }
    const auto set = answer.verified();
    REQUIRE_FALSE(set);
    CHECK_THAT(set.error().what, Catch::Contains("evil-0.example") && Catch::Contains("92 more"));
    CHECK(set.error().what.size() < 400);
}

TEST_CASE("a certificate that begins in a moment is waited for", "[issuance][verify][fault-45]") {
    const auto [ahead, is_accepted, kind] = GENERATE(table<std::chrono::seconds, bool, Failure>({
        {0s, true, Failure::io},
        {5s, true, Failure::io},
        {6s, false, Failure::not_yet},
        {300s, false, Failure::not_yet},
        {301s, false, Failure::rejected},
    }));
    CAPTURE(ahead.count());
    Answer answer;
    answer.plan.not_before = answer.now + ahead;
    const auto set = answer.verified();
    REQUIRE(set.has_value() == is_accepted);
    if (!is_accepted) {
        CHECK(set.error().kind == kind);
        CHECK_THAT(set.error().what, Catch::Contains("ahead of this host's clock"));
    }
}

TEST_CASE("a slow clock does not hide what is wrong for good", "[issuance][verify]") {
    Answer answer;
    answer.plan.not_before = answer.now + 60s;
    answer.plan.dns.push_back("evil.example");
    const auto set = answer.verified();
    REQUIRE_FALSE(set);
    CHECK(set.error().kind == Failure::rejected);
    CHECK_THAT(set.error().what,
               Catch::Contains("evil.example") && Catch::Contains("1m ahead of this host's clock"));
}

TEST_CASE("ten seconds are the least that a certificate is installed for",
          "[issuance][verify][fault-45]") {
    Answer answer;
    answer.now = kNow + 720h - 10s;
    CHECK(answer.verified());
    answer.now += 1s;
    CHECK_FALSE(answer.verified());
}

TEST_CASE("a shorter lifetime is accepted and remarked on", "[issuance][verify]") {
    const auto [granted, remark] = GENERATE(table<std::chrono::seconds, std::string>({
        {720h, ""},
        {720h - 60s, ""},
        {720h - 61s, "granted for 29d 23h instead of 30d"},
        {24h, "granted for 1d instead of 30d"},
        {9000h, ""},
    }));
    Answer answer;
    answer.plan.not_after = answer.now + granted;
    const auto set = answer.verified();
    REQUIRE(set);
    CHECK(set->remarks() == (remark.empty() ? List{} : List{remark}));
}

TEST_CASE("a key of another kind is remarked on where Vault made it", "[issuance][verify]") {
    Answer answer;
    answer.spec.key = x509::KeyKind{x509::KeyType::rsa, 2048};
    const auto issued = answer.verified();
    REQUIRE(issued);
    CHECK(issued->remarks() ==
          List{"the key is ec 256, not rsa 2048 as configured: the PKI role decides"});
    // A kept key of the kind that was configured before.
    answer.spec.method = role::Method::sign;
    const auto kept = answer.verified();
    REQUIRE(kept);
    CHECK(kept->remarks().empty());
}

TEST_CASE("the intermediates are installed in order and without the root",
          "[issuance][verify][fault-49]") {
    // Once for all rows: an EC signature is another one each time.
    static const TestAuthority upper = root().intermediate("Upper", Terms{.which = 1});
    static const TestAuthority lower = upper.intermediate("Lower", Terms{.which = 2});
    const List authorities =
        GENERATE_COPY(List{lower.pem(), upper.pem(), root().pem()},
                      List{root().pem(), upper.pem(), lower.pem()},
                      List{upper.pem(), lower.pem(), upper.pem(), lower.pem()});
    Answer answer;
    answer.issuer = lower;
    answer.authorities = authorities;
    const auto set = answer.verified();
    REQUIRE(set);
    CHECK(x509::to_pem(set->intermediates()) == lower.pem() + upper.pem());
}

TEST_CASE("a mount that knows its intermediate alone is enough", "[issuance][verify]") {
    const TestAuthority issuing = root().intermediate("Issuing", Terms{.which = 1});
    Answer answer;
    answer.issuer = issuing;
    answer.authorities = answer.trust = {issuing.pem()};
    const auto set = answer.verified();
    REQUIRE(set);
    CHECK(x509::to_pem(set->intermediates()) == issuing.pem());
}

TEST_CASE("an answer without authorities is judged by the trust that is installed",
          "[issuance][verify]") {
    Answer answer;
    answer.authorities.clear();
    CHECK(answer.verified());
}

TEST_CASE("old authorities may stay in the trust, expired ones too", "[issuance][verify]") {
    Answer answer;
    answer.trust.push_back(
        TestAuthority::root("Old", Terms{.which = 3, .not_after = kNow - 1s}).pem());
    const auto set = answer.verified();
    REQUIRE(set);
    CHECK(set->trust().size() == 2);
}
