// SPDX-License-Identifier: Apache-2.0
// A request is judged by OpenSSL's reading of it: ours is written by hand.
#include "x509/request.h"

#include <string>

#include <catch2/catch.hpp>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/support/test_authority.h"
#include "x509/openssl_handles.h"

using namespace install_cert;
using namespace install_cert::x509;
using install_cert::testing::kind_name;
using install_cert::testing::TestKey;

namespace {

using ExtensionsHandle = std::unique_ptr<X509_EXTENSIONS, ReleaseWith<[](X509_EXTENSIONS* all) {
                                             sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
                                         }>>;

RequestHandle read(const std::string& pem) {
    const BioHandle in{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    return RequestHandle{PEM_read_bio_X509_REQ(in.get(), nullptr, nullptr, nullptr)};
}

std::string text_of(BIO* out) {
    char* text = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(out, &text));
    return {text, size};
}

std::string subject_of(X509_REQ* request) {
    const BioHandle out{BIO_new(BIO_s_mem())};
    X509_NAME_print_ex(out.get(), X509_REQ_get_subject_name(request), 0, XN_FLAG_RFC2253);
    return text_of(out.get());
}

std::string extensions_of(X509_REQ* request) {
    const ExtensionsHandle all{X509_REQ_get_extensions(request)};
    const BioHandle out{BIO_new(BIO_s_mem())};
    X509V3_extensions_print(out.get(), nullptr, all.get(), 0, 0);
    return text_of(out.get());
}

}  // namespace

TEST_CASE("a request of every kind of key carries its names and its own signature",
          "[x509][request]") {
    const auto [kind, algorithm] = GENERATE(table<KeyKind, int>({
        {{KeyType::rsa, 2048}, NID_sha256WithRSAEncryption},
        {{KeyType::rsa, 3072}, NID_sha256WithRSAEncryption},
        {{KeyType::rsa, 4096}, NID_sha256WithRSAEncryption},
        {{KeyType::ec, 256}, NID_ecdsa_with_SHA256},
        {{KeyType::ec, 384}, NID_ecdsa_with_SHA384},
        {{KeyType::ec, 521}, NID_ecdsa_with_SHA512},
        {{KeyType::ed25519, 0}, NID_ED25519},
    }));
    CAPTURE(to_string(kind));
    const PrivateKey key = TestKey(kind_name(kind)).parsed();
    const auto pem = make_request(key,
                                  {.common_name = "node.example",
                                   .dns = {"*.cluster.local", "a.example"},
                                   .ip = {"10.0.0.7", "2001:db8::7"},
                                   .uri = {"spiffe://kluster/node"},
                                   .email = {"ops@example.com"}});
    REQUIRE(pem);
    const RequestHandle request = read(*pem);
    REQUIRE(request);
    CHECK(X509_REQ_verify(request.get(), key.native()) == 1);
    CHECK(X509_REQ_get_signature_nid(request.get()) == algorithm);
    CHECK(EVP_PKEY_eq(X509_REQ_get0_pubkey(request.get()), key.native()) == 1);
    CHECK(subject_of(request.get()) == "CN=node.example");
    CHECK_THAT(extensions_of(request.get()),
               Catch::Contains("X509v3 Subject Alternative Name") &&
                   Catch::Contains("DNS:*.cluster.local, DNS:a.example, IP Address:10.0.0.7, "
                                   "IP Address:2001:DB8:0:0:0:0:0:7, URI:spiffe://kluster/node, "
                                   "email:ops@example.com"));
}

TEST_CASE("a request without names has an empty subject and no extension", "[x509][request]") {
    const PrivateKey key = TestKey("P-256").parsed();
    const auto pem = make_request(key, {});
    REQUIRE(pem);
    const RequestHandle request = read(*pem);
    REQUIRE(request);
    CHECK(X509_REQ_verify(request.get(), key.native()) == 1);
    CHECK(subject_of(request.get()).empty());
    CHECK(extensions_of(request.get()).empty());
}

TEST_CASE("an authority can answer a request", "[x509][request]") {
    const PrivateKey key = TestKey("ed25519").parsed();
    const Names names{.common_name = "node.example", .dns = {"node.example"}, .ip = {"::1"}};
    const auto request = make_request(key, names);
    REQUIRE(request);
    const auto authority = testing::TestAuthority::root("ca");
    const Certificate leaf = testing::parsed(authority.sign(testing::plan_for(names), *request));
    CHECK(leaf.facts().names == names);
    CHECK(leaf.facts().public_key_digest == key.public_key_digest());
}
