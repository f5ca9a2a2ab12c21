// SPDX-License-Identifier: Apache-2.0
#include "x509/request.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <string_view>

#include "x509/der.h"
#include "x509/key_kinds.h"
#include "x509/openssl_failure.h"
#include "x509/pem.h"

namespace install_cert::x509 {
namespace {

using der::element;
using der::Tag;

constexpr auto kVersion0 = "\x02\x01\x00"sv;
constexpr auto kNoUnusedBits = "\0"sv;  // the first byte of a BIT STRING
constexpr auto kCommonName = "\x06\x03\x55\x04\x03"sv;
constexpr auto kSubjectAltName = "\x06\x03\x55\x1D\x11"sv;
constexpr auto kExtensionRequest = "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x09\x0E"sv;

// GeneralName (RFC 5280, 4.2.1.6)
constexpr unsigned kEmail = 1;
constexpr unsigned kDns = 2;
constexpr unsigned kUri = 6;
constexpr unsigned kAddress = 7;

struct Signing {
    const char* digest;          // OpenSSL's name; nullptr: the algorithm brings its own
    std::string_view algorithm;  // content of an AlgorithmIdentifier
};

// RFC 8017, A.2.4; RFC 5758, 3.2; RFC 8410, 3.
Signing signing_for(KeyKind kind) {
    constexpr auto sha256_rsa = "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0B\x05\x00"sv;
    constexpr auto sha256_ecdsa = "\x06\x08\x2A\x86\x48\xCE\x3D\x04\x03\x02"sv;
    constexpr auto sha384_ecdsa = "\x06\x08\x2A\x86\x48\xCE\x3D\x04\x03\x03"sv;
    constexpr auto sha512_ecdsa = "\x06\x08\x2A\x86\x48\xCE\x3D\x04\x03\x04"sv;
    switch (kind.type) {
        case KeyType::rsa:
            return {.digest = "SHA256", .algorithm = sha256_rsa};
        case KeyType::ed25519:
            return {.digest = nullptr, .algorithm = kEd25519};
        case KeyType::ec:
            break;
    }
    switch (kind.bits) {
        case 521:
            return {.digest = "SHA512", .algorithm = sha512_ecdsa};
        case 384:
            return {.digest = "SHA384", .algorithm = sha384_ecdsa};
        default:
            return {.digest = "SHA256", .algorithm = sha256_ecdsa};
    }
}

std::string subject(const std::string& common_name) {
    if (common_name.empty()) {
        return element(Tag::sequence, {});
    }
    const std::string value = element(Tag::utf8_string, {common_name});
    return element(Tag::sequence,
                   {element(Tag::set, {element(Tag::sequence, {kCommonName, value})})});
}

std::string address_bytes(const std::string& text) {
    std::array<char, sizeof(in6_addr)> bytes{};
    if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
        return {bytes.data(), sizeof(in_addr)};
    }
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) {
        return {bytes.data(), bytes.size()};
    }
    return {};  // not normalized: the issuer will refuse it
}

std::string general_names(const Names& names) {
    std::string all;
    const auto add = [&all](unsigned kind, const std::string& value) {
        all += element(der::context_primitive(kind), {value});
    };
    for (const std::string& name : names.dns) {
        add(kDns, name);
    }
    for (const std::string& address : names.ip) {
        add(kAddress, address_bytes(address));
    }
    for (const std::string& uri : names.uri) {
        add(kUri, uri);
    }
    for (const std::string& email : names.email) {
        add(kEmail, email);
    }
    return all;
}

// [0] IMPLICIT SET OF Attribute, with the extensions that are wished for (RFC 2985, 5.4.2).
std::string attributes(const Names& names) {
    const std::string wished = general_names(names);
    if (wished.empty()) {
        return element(der::context(0), {});
    }
    const std::string value = element(Tag::octet_string, {element(Tag::sequence, {wished})});
    const std::string extension = element(Tag::sequence, {kSubjectAltName, value});
    const std::string extensions = element(Tag::sequence, {extension});
    const std::string values = element(Tag::set, {extensions});
    return element(der::context(0), {element(Tag::sequence, {kExtensionRequest, values})});
}

Result<std::string> signature(EVP_PKEY* key, const char* digest, std::string_view bytes) {
    const DigestContextHandle context{EVP_MD_CTX_new()};
    const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
    std::string made;
    std::size_t size = 0;
    const bool is_ready =
        context &&
        EVP_DigestSignInit_ex(context.get(), nullptr, digest, nullptr, nullptr, key, nullptr) == 1;
    if (is_ready) {
        size = static_cast<std::size_t>(EVP_PKEY_get_size(key));
        made.resize(size);
    }
    auto* const out = reinterpret_cast<unsigned char*>(made.data());
    if (!is_ready || EVP_DigestSign(context.get(), out, &size, data, bytes.size()) != 1) {
        return openssl_failure(Failure::io, "signing a certificate request");
    }
    made.resize(size);
    return made;
}

}  // namespace

Result<std::string> make_request(const PrivateKey& key, const Names& names) {
    const Signing signing = signing_for(key.kind());
    const std::string wish =
        element(Tag::sequence,
                {kVersion0, subject(names.common_name), key.public_key(), attributes(names)});
    const auto signed_by_key = signature(key.native(), signing.digest, wish);
    if (!signed_by_key) {
        return std::unexpected(signed_by_key.error());
    }
    return pem::to_pem("CERTIFICATE REQUEST",
                       element(Tag::sequence,
                               {wish,
                                element(Tag::sequence, {signing.algorithm}),
                                element(Tag::bit_string, {kNoUnusedBits, *signed_by_key})}));
}

}  // namespace install_cert::x509
