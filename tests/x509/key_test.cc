// SPDX-License-Identifier: Apache-2.0
#include "x509/key.h"

#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/test_authority.h"

using namespace install_cert;
using namespace install_cert::x509;
using install_cert::testing::kind_name;
using install_cert::testing::TestKey;

namespace {

// Every kind that Vault makes.
auto every_kind() {
    return GENERATE(KeyKind{KeyType::rsa, 2048},
                    KeyKind{KeyType::rsa, 3072},
                    KeyKind{KeyType::rsa, 4096},
                    KeyKind{KeyType::ec, 256},
                    KeyKind{KeyType::ec, 384},
                    KeyKind{KeyType::ec, 521},
                    KeyKind{KeyType::ed25519, 0});
}

std::string with_crlf(const std::string& text) {
    std::string lines;
    for (const char c : text) {
        lines += c == '\n' ? std::string("\r\n") : std::string(1, c);
    }
    return lines;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("a key made here is of the kind that was asked for", "[x509][key]") {
    // RSA 3072 and 4096 would take seconds here and differ in a number alone.
    const KeyKind kind = GENERATE(KeyKind{KeyType::rsa, 2048},
                                  KeyKind{KeyType::ec, 256},
                                  KeyKind{KeyType::ec, 384},
                                  KeyKind{KeyType::ec, 521},
                                  KeyKind{KeyType::ed25519, 0});
    CAPTURE(to_string(kind));
    const auto key = PrivateKey::generate(kind);
    REQUIRE(key);
    CHECK(key->kind() == kind);
    const auto other = PrivateKey::generate(kind);
    REQUIRE(other);
    CHECK(other->public_key_digest() != key->public_key_digest());
}

TEST_CASE("kinds that nobody supports are not made", "[x509][key]") {
    const KeyKind kind = GENERATE(KeyKind{KeyType::rsa, 0},
                                  KeyKind{KeyType::rsa, 1024},
                                  KeyKind{KeyType::rsa, 8192},
                                  KeyKind{KeyType::ec, 0},
                                  KeyKind{KeyType::ec, 224},
                                  KeyKind{KeyType::ec, 512},
                                  KeyKind{KeyType::ed25519, 256});
    CAPTURE(to_string(kind));
    CHECK_FALSE(is_supported(kind));
    const auto key = PrivateKey::generate(kind);
    REQUIRE_FALSE(key);
    CHECK(key.error().kind == Failure::config);
}

TEST_CASE("a type without bits has Vault's default", "[x509][key]") {
    CHECK(default_bits(KeyType::rsa) == 2048);
    CHECK(default_bits(KeyType::ec) == 256);
    CHECK(default_bits(KeyType::ed25519) == 0);
}

TEST_CASE("a key of every kind survives PEM", "[x509][key]") {
    const KeyKind kind = every_kind();
    CAPTURE(to_string(kind));
    CHECK(is_supported(kind));
    const std::string pem = TestKey(kind_name(kind)).pkcs8();
    const auto key = PrivateKey::from_pem(pem);
    REQUIRE(key);
    CHECK(key->kind() == kind);
    const auto written = key->to_pem();
    REQUIRE(written);
    // OpenSSL writes the same bytes, so both ways are those of the standards.
    CHECK(std::ranges::equal(written->reveal(), pem));
}

TEST_CASE("a traditional key of Vault's becomes PKCS#8", "[x509][key]") {
    const KeyKind kind = GENERATE(KeyKind{KeyType::rsa, 2048},
                                  KeyKind{KeyType::ec, 256},
                                  KeyKind{KeyType::ec, 384},
                                  KeyKind{KeyType::ec, 521});
    CAPTURE(to_string(kind));
    const TestKey original(kind_name(kind));
    const auto key = PrivateKey::from_pem(original.traditional());
    REQUIRE(key);
    CHECK(key->kind() == kind);
    const auto written = key->to_pem();
    REQUIRE(written);
    CHECK(std::ranges::equal(written->reveal(), original.pkcs8()));
}

TEST_CASE("what surrounds or breaks the lines of a key does no harm", "[x509][key]") {
    const TestKey original("P-256");
    const std::string pem = original.pkcs8();
    const std::string curve =
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    const auto [what, text] = GENERATE_COPY(table<std::string, std::string>({
        {"CRLF", with_crlf(pem)},
        {"no last line end", pem.substr(0, pem.size() - 1)},
        {"blank lines around", "\n \t\r\n" + pem + "\n\n"},
        {"blanks after the boundaries", replaced(pem, "KEY-----\n", "KEY----- \n") + "  "},
        {"the curve in front", curve + original.traditional()},
    }));
    CAPTURE(what);
    const auto key = PrivateKey::from_pem(text);
    REQUIRE(key);
    const auto written = key->to_pem();
    REQUIRE(written);
    CHECK(std::ranges::equal(written->reveal(), pem));
}

TEST_CASE("anything but one plain key is refused", "[x509][key][fault-52]") {
    const TestKey ec("P-256");
    const TestKey rsa("rsa2048");
    const std::string pem = ec.pkcs8();
    const std::string middle = pem.substr(60, 20);
    const std::string other_curve =
        "-----BEGIN EC PARAMETERS-----\nBgUrgQQAIg==\n-----END EC PARAMETERS-----\n";
    const auto [what, text, why] = GENERATE_COPY(table<std::string, std::string, std::string>({
        {"nothing", "", "no private key"},
        {"blanks", " \n", "no private key"},
        {"no PEM", "hello", "no private key"},
        {"two keys", pem + pem, "more than one"},
        {"two kinds of key", pem + rsa.pkcs8(), "more than one"},
        {"text in front", "key:\n" + pem, "lies beside"},
        {"text behind", pem + "x", "lies beside"},
        {"NUL behind", pem + std::string(1, '\0'), "NUL"},
        {"NUL within", replaced(pem, middle, std::string(20, '\0')), "NUL"},
        {"encrypted PKCS#8", ec.encrypted_pkcs8(), "encrypted"},
        {"encrypted traditional", rsa.encrypted_traditional(), "encrypted"},
        {"cut in the middle", pem.substr(0, 100), "cut short"},
        {"another label at the end", replaced(pem, "END PRIVATE", "END PUBLIC"), "cut short"},
        {"boundary cut", "-----BEGIN PRIVATE KEY", "BEGIN line"},
        {"not base64", replaced(pem, middle, "!!!!!!!!!!!!!!!!!!!!"), "base64"},
        {"padding within", replaced(pem, middle, "===================="), "base64"},
        {"a letter missing", replaced(pem, middle, middle.substr(1)), "base64"},
        {"four letters missing", replaced(pem, middle, middle.substr(4)), "malformed"},
        {"nothing within", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", "malformed"},
        {"PKCS#8 with a traditional label",
         replaced(replaced(pem, "BEGIN PRIVATE", "BEGIN EC PRIVATE"), "END PRI", "END EC PRI"),
         "malformed"},
        {"RSA called EC",
         replaced(replaced(rsa.traditional(), "BEGIN RSA", "BEGIN EC"), "END RSA", "END EC"),
         "malformed"},
        {"unknown label",
         replaced(replaced(pem, "BEGIN PRIVATE", "BEGIN MY"), "END PRIVATE", "END MY"),
         "expected"},
        {"a certificate", testing::TestAuthority::root("ca").pem(), "expected, not 'CERTIFICATE'"},
        {"a curve of another key in front", other_curve + ec.traditional(), "do not know"},
        {"unknown curve", TestKey("secp256k1").pkcs8(), "do not know"},
        {"Ed448", TestKey("ed448").pkcs8(), "do not know"},
        {"RSA-PSS", TestKey("rsa-pss").pkcs8(), "do not know"},
        {"over 64 KiB", pem + std::string(64 * 1024, '\n'), "64 KiB"},
    }));
    CAPTURE(what);
    const auto key = PrivateKey::from_pem(text);
    REQUIRE_FALSE(key);
    CHECK(key.error().kind == Failure::rejected);
    CHECK_THAT(key.error().what, Catch::Contains(why));
    CHECK_THAT(key.error().what, !Catch::Contains(middle));
}

TEST_CASE("a key and another's public half are no key", "[x509][key]") {
    // RFC 8410, 10.3, and the same with the last byte of the public key changed.
    const std::string head =
        "-----BEGIN PRIVATE KEY-----\n"
        "MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
        "oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n";
    const std::string foot = "\n-----END PRIVATE KEY-----\n";
    CHECK(PrivateKey::from_pem(head + "Z9w7lshQhqowtrbLDFw4rXAxZuE=" + foot));
    const auto mixed = PrivateKey::from_pem(head + "Z9w7lshQhqowtrbLDFw4rXAxZuI=" + foot);
    REQUIRE_FALSE(mixed);
    CHECK_THAT(mixed.error().what, Catch::Contains("contradict"));
}
