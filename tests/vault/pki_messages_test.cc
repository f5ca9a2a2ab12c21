// SPDX-License-Identifier: Apache-2.0
// What is asked of a PKI mount, and what counts as an answer.
#include "vault/pki_messages.h"

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/test_authority.h"
#include "tests/vault/pki_answer.h"

namespace install_cert::vault {
namespace {

using testing::escaped;
using testing::PkiAnswer;
using testing::TestAuthority;
using testing::TestKey;

role::CertificateSpec spec_of(role::Method method) {
    role::CertificateSpec spec;
    spec.name = "web";
    spec.mount = "kluster/pki/web";
    spec.pki_role = "server";
    spec.method = method;
    return spec;
}

const TestAuthority& authority() {
    static const TestAuthority made = TestAuthority::root("cluster CA");
    return made;
}

PkiAnswer good_answer() {
    const TestKey key("P-256");
    return {.certificate = authority().issue({}, key),
            .private_key = key.traditional(),
            .issuing_ca = authority().pem(),
            .ca_chain = {authority().pem()}};
}

Result<issuance::IssuedMaterial> read(const std::string& text) {
    const auto json = Json::parse(Secret(text));
    REQUIRE(json);
    AuthorityReader authorities;
    return read_material(*json, std::nullopt, authorities);
}

}  // namespace

TEST_CASE("an issue request asks for every name and no key format", "[vault]") {
    role::CertificateSpec spec = spec_of(role::Method::issue);
    spec.names = {.common_name = "node",
                  .dns = {"a.example", "*.b.example"},
                  .ip = {"10.0.0.1", "fd00::1"},
                  .uri = {"spiffe://x/y,z"},
                  .email = {"ops@example.com"}};
    spec.ttl = std::chrono::hours{720};
    const HttpRequest request = issuing_request(spec, "");
    CHECK(request.verb == Verb::post);
    CHECK(request.path == "/v1/kluster/pki/web/issue/server");
    CHECK(request.body.reveal() ==
          R"({"common_name":"node","alt_names":"a.example,*.b.example,ops@example.com",)"
          R"("ip_sans":"10.0.0.1,fd00::1","uri_sans":["spiffe://x/y,z"],"ttl":"2592000s",)"
          R"("format":"pem"})");
    CHECK(request.resend == Resend::never);
    CHECK(issuing_path(spec) == "kluster/pki/web/issue/server");
}

TEST_CASE("a sign request carries the CSR and may be sent again", "[vault]") {
    role::CertificateSpec spec = spec_of(role::Method::sign);
    spec.names.common_name = "a\"b";
    const HttpRequest request = issuing_request(spec, "-----BEGIN\nCSR-----\n");
    CHECK(request.path == "/v1/kluster/pki/web/sign/server");
    CHECK(request.body.reveal() ==
          R"({"csr":"-----BEGIN\nCSR-----\n","common_name":"a\"b","format":"pem"})");
    CHECK(request.resend == Resend::once);
}

TEST_CASE("a good answer becomes material", "[vault]") {
    PkiAnswer answer = good_answer();
    answer.warnings = R"(["mind the gap"])";
    const auto material = read(answer.json());
    REQUIRE(material);
    CHECK(material->leaf.facts().names.common_name == "node");
    REQUIRE(material->authorities.size() == 1);
    CHECK(material->authorities[0].facts().names.common_name == "cluster CA");
    CHECK(material->key.public_key_digest() == material->leaf.facts().public_key_digest);
    CHECK(material->warnings == std::vector<std::string>{"mind the gap"});
}

TEST_CASE("issuing_ca stands in for a chain that is absent, null or empty", "[vault]") {
    for (const std::string_view chain : {"", "null", "[]"}) {
        PkiAnswer answer = good_answer();
        answer.ca_chain.clear();
        answer.raw_ca_chain = chain;
        const auto material = read(answer.json());
        REQUIRE(material);
        CHECK(material->authorities.size() == 1);
    }
}

TEST_CASE("a chain in any order and with duplicates is passed on as it is", "[vault]") {
    const TestAuthority below = authority().intermediate("issuing CA", {.which = 1});
    PkiAnswer answer = good_answer();
    answer.ca_chain = {authority().pem(), below.pem(), authority().pem()};
    const auto material = read(answer.json());
    REQUIRE(material);
    CHECK(material->authorities.size() == 3);
}

TEST_CASE("the key of a sign order is the order's own", "[vault]") {
    const TestKey own("P-256", 5);
    const auto json = Json::parse(Secret(good_answer().json()));
    REQUIRE(json);
    AuthorityReader authorities;
    const auto material = read_material(*json, own.parsed(), authorities);
    REQUIRE(material);
    CHECK(material->key.public_key_digest() == own.parsed().public_key_digest());
}

TEST_CASE("an answer that lacks a part or has junk in it is rejected by name",
          "[vault][fault-29]") {
    struct Row {
        std::string prose;
        std::string json;
        std::string why;
    };

    const PkiAnswer good = good_answer();
    const auto with = [&](auto change) {
        PkiAnswer answer = good;
        change(answer);
        return answer.json();
    };
    const std::vector<Row> rows{
        {"nothing", "{}", "no data.certificate"},
        {"a lease alone", R"({"lease_id":"x","data":null})", "no data.certificate"},
        {"data is a text", R"({"data":"x"})", "data is a text"},
        {"data is empty", R"({"data":{}})", "no data.certificate"},
        {"a number for a certificate",
         R"({"data":{"certificate":7}})",
         "data.certificate is a number"},
        {"no certificate", with([](auto& a) { a.certificate = ""; }), "no data.certificate"},
        {"no key", with([](auto& a) { a.private_key = ""; }), "no data.private_key"},
        {"no CA",
         with([](auto& a) {
             a.issuing_ca = "";
             a.ca_chain.clear();
         }),
         "neither ca_chain"},
        {"a chain of numbers", with([](auto& a) { a.raw_ca_chain = "[1]"; }), "ca_chain is a list"},
        {"a chain that is a text",
         with([](auto& a) { a.raw_ca_chain = "\"x\""; }),
         "ca_chain is a text"},
        {"an empty text in the chain",
         with([](auto& a) { a.raw_ca_chain = "[\"\"]"; }),
         "neither ca_chain"},
        {"junk for a certificate", with([](auto& a) { a.certificate = "junk"; }), "certificate"},
        {"a cut certificate", with([](auto& a) { a.certificate.resize(200); }), "certificate"},
        {"two certificates", with([](auto& a) { a.certificate += a.certificate; }), "certificate"},
        {"a key for a certificate",
         with([](auto& a) { a.certificate = a.private_key; }),
         "certificate"},
        {"trailing junk", with([](auto& a) { a.certificate += "junk"; }), "certificate"},
        {"junk for a key", with([](auto& a) { a.private_key = "junk"; }), "private_key"},
        {"two keys", with([](auto& a) { a.private_key += a.private_key; }), "private_key"},
        {"an encrypted key",
         with([](auto& a) { a.private_key = TestKey("P-256").encrypted_pkcs8(); }),
         "private_key"},
        {"junk for a CA", with([](auto& a) { a.ca_chain = {"junk"}; }), "CA certificates"},
        {"a chain without end",
         with([&](auto& a) { a.ca_chain.assign(17, authority().pem()); }),
         "too long"},
        {"warnings of another type",
         with([](auto& a) { a.warnings = "7"; }),
         "warnings is a number"},
    };
    for (const Row& row : rows) {
        INFO(row.prose);
        const auto material = read(row.json);
        REQUIRE_FALSE(material);
        CHECK(material.error().kind == Failure::rejected);
        CHECK_THAT(material.error().what, Catch::Contains(row.why));
        CHECK_THAT(material.error().what, !Catch::Contains("-----BEGIN"));
    }
}

TEST_CASE("line ends of other systems in PEM are accepted", "[vault]") {
    PkiAnswer answer = good_answer();
    for (std::string* pem : {&answer.certificate, &answer.private_key}) {
        std::string dos;
        for (const char c : *pem) {
            dos += c == '\n' ? "\r\n" : std::string(1, c);
        }
        *pem = dos;
    }
    CHECK(read(answer.json()));
}

TEST_CASE("being told that the CSR's names count is no warning", "[vault]") {
    PkiAnswer answer = good_answer();
    answer.warnings =
        R"(["the common_name field was provided but the role is set with \"use_csr_common_name\" set to true","other"])";
    const auto material = read(answer.json());
    REQUIRE(material);
    CHECK(material->warnings == std::vector<std::string>{"other"});
}

TEST_CASE("a PKI role is read with Vault's defaults for what it leaves out", "[vault]") {
    const auto json = Json::parse(Secret(
        R"({"data":{"key_type":"ec","key_bits":256,"allowed_domains":["cluster.local"],
            "max_ttl":2592000,"allow_subdomains":true,"client_flag":false,
            "organization":["system:nodes"],"allowed_uri_sans":["spiffe://*"]}})"));
    REQUIRE(json);
    const auto role = read_pki_role(*json);
    REQUIRE(role);
    CHECK(role->key_type == "ec");
    CHECK(role->key_bits == 256);
    CHECK(role->allowed_domains == std::vector<std::string>{"cluster.local"});
    CHECK(role->max_ttl == std::chrono::hours{720});
    CHECK(role->allow_subdomains);
    CHECK_FALSE(role->client_flag);
    CHECK(role->server_flag);
    CHECK(role->allow_ip_sans);
    CHECK_FALSE(role->allow_any_name);
    for (const std::string bad :
         {R"({})", R"({"data":{}})", R"({"data":{"key_type":"ec","key_bits":"x"}})"}) {
        const auto broken = Json::parse(Secret(bad));
        REQUIRE(broken);
        REQUIRE_FALSE(read_pki_role(*broken));
        CHECK(read_pki_role(*broken).error().kind == Failure::rejected);
    }
}

}  // namespace install_cert::vault
