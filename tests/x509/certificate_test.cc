// SPDX-License-Identifier: Apache-2.0
#include "x509/certificate.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/test_authority.h"

using namespace install_cert;
using namespace install_cert::x509;
using namespace install_cert::testing;
using namespace std::chrono_literals;

using List = std::vector<std::string>;

namespace {

const TestAuthority& authority() {
    static const TestAuthority kept = TestAuthority::root("Test CA");
    return kept;
}

const TestKey& leaf_key() {
    static const TestKey kept("P-256", 1);
    return kept;
}

Plan changed(void (*change)(Plan&)) {
    Plan plan;
    change(plan);
    return plan;
}

}  // namespace

TEST_CASE("the facts of a certificate are read", "[x509][certificate]") {
    Plan plan;
    plan.common_name = "Node.Example";
    plan.organization = {"system:nodes", "another"};
    plan.more_subject = {{"OU", "unit"}};
    plan.dns = {"B.example", "a.example."};
    plan.ip = {"10.0.0.7", "2001:db8::7"};
    plan.uri = {"spiffe://kluster/node"};
    plan.email = {"ops@example.com"};
    plan.serial = "0a:ff:00:12";
    const Certificate leaf = parsed(authority().issue(plan, leaf_key()));
    const CertificateFacts& facts = leaf.facts();
    CHECK(facts.names == Names{.common_name = "Node.Example",
                               .dns = {"a.example", "b.example"},
                               .ip = {"10.0.0.7", "2001:db8::7"},
                               .uri = {"spiffe://kluster/node"},
                               .email = {"ops@example.com"}});
    CHECK(facts.other_names.empty());
    CHECK(facts.organization == List{"system:nodes", "another"});
    CHECK(facts.subject == "OU=unit,CN=Node.Example,O=another,O=system:nodes");
    CHECK(facts.issuer == "CN=Test CA");
    CHECK(facts.serial == "0a:ff:00:12");
    CHECK(facts.not_before == kNow - 30s);
    CHECK(facts.not_after == kNow + 720h);
    CHECK_FALSE(facts.is_ca);
    CHECK(facts.has_usages);
    CHECK(facts.usages == std::vector{Usage::server, Usage::client});
    CHECK(facts.weakness.empty());
    CHECK_FALSE(facts.self_signed);
    CHECK(facts.fingerprint.size() == 64);
    CHECK(facts.public_key_digest == leaf_key().parsed().public_key_digest());
}

TEST_CASE("an authority's certificate is a CA, and self-signed when it is a root",
          "[x509][certificate]") {
    const Certificate root = authority().certificate();
    CHECK(root.facts().is_ca);
    CHECK(root.facts().self_signed);
    CHECK(root.facts().serial == "10");
    CHECK_FALSE(root.facts().has_usages);
    const TestAuthority::Terms terms{.which = 2};
    const Certificate below = authority().intermediate("Issuing CA", terms).certificate();
    CHECK(below.facts().is_ca);
    CHECK_FALSE(below.facts().self_signed);
}

TEST_CASE("a certificate that claims to be self-signed is so by its signature alone",
          "[x509][certificate]") {
    Plan plan;
    plan.common_name = "Test CA";
    plan.is_ca = true;
    const Certificate claimed = parsed(authority().issue(plan, leaf_key()));
    CHECK(claimed.facts().subject == claimed.facts().issuer);
    CHECK_FALSE(claimed.facts().self_signed);
}

TEST_CASE("a CA is told by any of its signs", "[x509][certificate]") {
    const auto [what, extensions] =
        GENERATE(table<std::string, std::vector<std::pair<std::string, std::string>>>({
            {"CA:TRUE", {{"basicConstraints", "CA:TRUE"}}},
            {"CA:TRUE that may not sign",
             {{"basicConstraints", "CA:TRUE"}, {"keyUsage", "digitalSignature"}}},
            {"keyCertSign alone", {{"keyUsage", "keyCertSign"}}},
        }));
    CAPTURE(what);
    Plan plan;
    plan.extensions = extensions;
    CHECK(parsed(authority().issue(plan, leaf_key())).facts().is_ca);
    plan.extensions = {{"basicConstraints", "critical,CA:FALSE"}};
    CHECK_FALSE(parsed(authority().issue(plan, leaf_key())).facts().is_ca);
}

TEST_CASE("the kind of a key is told, and which are too weak", "[x509][certificate][fault-51]") {
    const auto [name, kind, weakness] = GENERATE(table<std::string, KeyKind, std::string>({
        {"rsa2048", {KeyType::rsa, 2048}, ""},
        {"rsa3072", {KeyType::rsa, 3072}, ""},
        {"rsa4096", {KeyType::rsa, 4096}, ""},
        {"P-256", {KeyType::ec, 256}, ""},
        {"P-384", {KeyType::ec, 384}, ""},
        {"P-521", {KeyType::ec, 521}, ""},
        {"ed25519", {KeyType::ed25519, 0}, ""},
        {"rsa1024", {KeyType::rsa, 1024}, "a key of RSA 1024"},
        {"secp224r1", {KeyType::rsa, 0}, "a key of a kind we do not know"},
        {"secp256k1", {KeyType::rsa, 0}, "a key of a kind we do not know"},
        {"ed448", {KeyType::rsa, 0}, "a key of a kind we do not know"},
        {"rsa-pss", {KeyType::rsa, 0}, "a key of a kind we do not know"},
    }));
    CAPTURE(name);
    const TestKey key(name);
    const Certificate leaf = parsed(authority().issue(Plan{}, key));
    CHECK(leaf.facts().key == kind);
    CHECK(leaf.facts().weakness == weakness);
    if (is_supported(kind)) {
        CHECK(leaf.facts().public_key_digest == key.parsed().public_key_digest());
    }
}

TEST_CASE("a weak signature is a weakness, unless it is one's own",
          "[x509][certificate][fault-51]") {
    const auto [digest, weakness] = GENERATE(table<std::string, std::string>({
        {"SHA256", ""},
        {"SHA512", ""},
        {"SHA224", ""},
        {"SHA1", "signed with SHA1"},
    }));
    CAPTURE(digest);
    Plan plan;
    plan.digest = digest;
    CHECK(parsed(authority().issue(plan, leaf_key())).facts().weakness == weakness);
    const TestAuthority::Terms terms{.digest = digest};
    CHECK(TestAuthority::root("Old CA", terms).certificate().facts().weakness.empty());
}

TEST_CASE("extended key usages are told", "[x509][certificate]") {
    const auto [usages, has, expected] = GENERATE(table<List, bool, std::vector<Usage>>({
        {List{}, false, std::vector<Usage>{}},
        {{"serverAuth"}, true, {Usage::server}},
        {{"clientAuth"}, true, {Usage::client}},
        {{"clientAuth", "serverAuth"}, true, {Usage::server, Usage::client}},
        {{"codeSigning"}, true, std::vector<Usage>{}},
        {{"anyExtendedKeyUsage"}, true, {Usage::server, Usage::client}},
    }));
    Plan plan;
    plan.usages = usages;
    const Certificate leaf = parsed(authority().issue(plan, leaf_key()));
    CHECK(leaf.facts().has_usages == has);
    CHECK(leaf.facts().usages == expected);
}

TEST_CASE("names of kinds that nobody asks for are told", "[x509][certificate]") {
    const auto [what, change, expected] =
        GENERATE(table<std::string, void (*)(Plan&), std::string>({
            {"second common name",
             [](Plan& plan) { plan.more_subject = {{"CN", "evil"}}; },
             "a second common name 'evil'"},
            {"user principal name",
             [](Plan& plan) {
                 plan.extensions = {
                     {"subjectAltName", "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:admin@kluster"}};
             },
             "otherName 1.3.6.1.4.1.311.20.2.3"},
            {"registered ID",
             [](Plan& plan) { plan.extensions = {{"subjectAltName", "RID:1.2.3.4"}}; },
             "a registered ID"},
        }));
    CAPTURE(what);
    const Certificate leaf = parsed(authority().issue(changed(change), leaf_key()));
    CHECK(leaf.facts().other_names == List{expected});
}

TEST_CASE("a certificate that could be read as another one is none", "[x509][certificate]") {
    const auto [what, change] = GENERATE(table<std::string, void (*)(Plan&)>({
        {"NUL in the common name",
         [](Plan& plan) { plan.common_name = std::string("good.example\0.evil", 18); }},
        {"NUL in the organization",
         [](Plan& plan) { plan.organization = {std::string("a\0b", 3)}; }},
        {"NUL elsewhere in the subject",
         [](Plan& plan) { plan.more_subject = {{"OU", std::string("a\0b", 3)}}; }},
        {"line end in the common name", [](Plan& plan) { plan.common_name = "a\nb"; }},
        {"NUL in a DNS name",
         [](Plan& plan) { plan.dns = {std::string("good.example\0.evil", 18)}; }},
        {"NUL at the end of a DNS name",
         [](Plan& plan) { plan.dns = {std::string("good.example\0", 13)}; }},
        {"umlaut in a DNS name", [](Plan& plan) { plan.dns = {"b\xC3\xBC"}; }},
        {"NUL in a URI", [](Plan& plan) { plan.uri = {std::string("a:b\0c", 5)}; }},
        {"NUL in an e-mail address", [](Plan& plan) { plan.email = {std::string("a@b\0c", 5)}; }},
        {"address of 5 bytes", [](Plan& plan) { plan.ip = {"12345"}; }},
        {"address of no bytes", [](Plan& plan) { plan.ip = {""}; }},
        {"two extensions of alternative names",
         [](Plan& plan) {
             plan.dns = {"a.example"};
             plan.extensions = {{"subjectAltName", "DNS:b.example"}};
         }},
        {"alternative names that are not",
         [](Plan& plan) { plan.extensions = {{"subjectAltName", "DER:30:03:01:01:FF"}}; }},
        {"usages that are not",
         [](Plan& plan) {
             plan.usages = {};
             plan.extensions = {{"extendedKeyUsage", "DER:04:00"}};
         }},
        {"constraints that are not",
         [](Plan& plan) { plan.extensions = {{"basicConstraints", "DER:04:00"}}; }},
    }));
    CAPTURE(what);
    const auto leaf = Certificate::from_pem(authority().issue(changed(change), leaf_key()));
    REQUIRE_FALSE(leaf);
    CHECK(leaf.error().kind == Failure::rejected);
    CHECK(leaf.error().what.find_first_of(std::string("\0\n", 2)) == std::string::npos);
}

TEST_CASE("a subject in another script is a subject", "[x509][certificate]") {
    const Certificate root = TestAuthority::root("M\xC3\xBCller Root").certificate();
    CHECK(root.facts().names.common_name == "M\xC3\xBCller Root");
    CHECK(root.facts().subject == "CN=M\\C3\\BCller Root");
}

TEST_CASE("exactly one certificate is read", "[x509][certificate]") {
    const std::string pem = authority().pem();
    const std::string middle = pem.substr(100, 40);
    const auto broken = [&](const std::string& with) {
        std::string text = pem;
        return text.replace(text.find(middle), middle.size(), with);
    };
    const auto [what, text, why] = GENERATE_COPY(table<std::string, std::string, std::string>({
        {"nothing", "", "no PEM certificate"},
        {"no PEM", "hello", "no PEM certificate"},
        {"two", pem + pem, "more than one"},
        {"a key", leaf_key().pkcs8(), "expected, not 'PRIVATE KEY'"},
        {"a certificate and its key", pem + leaf_key().pkcs8(), "more than one"},
        {"text in front", "CA:\n" + pem, "beside"},
        {"text behind", pem + "x", "beside"},
        {"NUL behind", pem + std::string(1, '\0'), "NUL"},
        {"cut short", pem.substr(0, 200), "cut short"},
        {"not base64", broken(std::string(40, '!')), "base64"},
        {"zeroes within", broken(std::string(40, 'A')), "malformed"},
        {"bytes missing", broken(middle.substr(8)), "malformed"},
        {"over 64 KiB", pem + std::string(64 * 1024, ' '), "64 KiB"},
    }));
    CAPTURE(what);
    const auto certificate = Certificate::from_pem(text);
    REQUIRE_FALSE(certificate);
    CHECK(certificate.error().kind == Failure::rejected);
    CHECK_THAT(certificate.error().what, Catch::Contains(why));
}

TEST_CASE("bytes after a certificate make it none", "[x509][certificate]") {
    // The last group of base64 gets two bytes more, within the block.
    std::string pem = authority().pem();
    const std::size_t end = pem.find("\n-----END");
    std::size_t from = end;
    while (pem[from - 1] == '=') {
        --from;
    }
    pem.replace(from, end - from, from == end ? "AAAA" : std::string(end - from, 'A'));
    const auto certificate = Certificate::from_pem(pem);
    REQUIRE_FALSE(certificate);
    CHECK_THAT(certificate.error().what, Catch::Contains("DER"));
}

TEST_CASE("a certificate is written in canonical form", "[x509][certificate]") {
    const std::string pem = authority().pem();
    std::string odd = "\r\n";
    for (const char c : pem) {
        odd += c == '\n' ? std::string("\r\n") : std::string(1, c);
    }
    const Certificate certificate = parsed(odd);
    CHECK(certificate.pem() == pem);
    CHECK(certificate.clone().pem() == pem);
    CHECK(certificate.clone().facts().fingerprint == certificate.facts().fingerprint);
}

TEST_CASE("a certificate that is read again while it is held is the same object",
          "[x509][certificate]") {
    const Certificate first = authority().certificate();
    CHECK(authority().certificate().native() == first.native());
    const auto all = Certificate::all_from_pem(authority().pem() + authority().pem());
    REQUIRE(all);
    CHECK(all->front().native() == first.native());
    CHECK(all->back().native() == first.native());
}

TEST_CASE("a bundle is read with what lies between its certificates", "[x509][certificate]") {
    const std::string pem = authority().pem();
    const std::string leaf = authority().issue(Plan{}, leaf_key());
    const auto all = Certificate::all_from_pem("# roots\n" + pem + "\n# a leaf and its key\n" +
                                               leaf + leaf_key().pkcs8() + "# end");
    REQUIRE(all);
    REQUIRE(all->size() == 2);
    CHECK(to_pem(*all) == pem + leaf);
}

TEST_CASE("a bundle that is not whole is refused", "[x509][certificate]") {
    const std::string pem = authority().pem();
    const auto [what, text, why] = GENERATE_COPY(table<std::string, std::string, std::string>({
        {"nothing", "", "no PEM certificate"},
        {"a key alone", leaf_key().pkcs8(), "no PEM certificate"},
        {"the second one cut", pem + pem.substr(0, 300), "cut short"},
        {"the second one malformed",
         pem + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
         "certificate 2: the certificate is malformed"},
        {"one too many", pem + pem + pem + pem, "more than 3"},
    }));
    CAPTURE(what);
    const auto all = Certificate::all_from_pem(text, 3);
    REQUIRE_FALSE(all);
    CHECK(all.error().kind == Failure::rejected);
    CHECK_THAT(all.error().what, Catch::Contains(why));
}

TEST_CASE("who issued a certificate is told by name and signature", "[x509][certificate]") {
    const Certificate leaf = parsed(authority().issue(Plan{}, leaf_key()));
    CHECK(leaf.is_issued_by(authority().certificate()));
    CHECK_FALSE(authority().certificate().is_issued_by(leaf));
    const TestAuthority::Terms other_key{.which = 5};
    CHECK_FALSE(leaf.is_issued_by(TestAuthority::root("Test CA", other_key).certificate()));
    CHECK_FALSE(leaf.is_issued_by(TestAuthority::root("Other CA").certificate()));
}
