// SPDX-License-Identifier: Apache-2.0
// The keys of the test authority.
#include <map>
#include <stdexcept>
#include <utility>

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "tests/support/test_authority.h"
#include "x509/openssl_handles.h"

namespace install_cert::testing {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;

bool prepare(EVP_PKEY_CTX* context, std::string_view kind) {
    if (EVP_PKEY_keygen_init(context) != 1) {
        return false;
    }
    if (kind == "rsa-pss") {
        return EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) == 1;
    }
    if (kind.starts_with("rsa")) {
        const int bits = std::stoi(std::string(kind.substr(3)));
        return EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits) == 1;
    }
    return kind.starts_with("ed") ||
           EVP_PKEY_CTX_set_group_name(context, std::string(kind).c_str()) == 1;
}

Key made(std::string_view kind) {
    const char* const type = kind == "rsa-pss"         ? "RSA-PSS"
                             : kind.starts_with("rsa") ? "RSA"
                             : kind == "ed25519"       ? "ED25519"
                             : kind == "ed448"         ? "ED448"
                                                       : "EC";
    const x509::KeyContextHandle context{EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr)};
    EVP_PKEY* key = nullptr;
    if (!prepare(context.get(), kind) || EVP_PKEY_generate(context.get(), &key) != 1) {
        throw std::runtime_error("no test key of kind " + std::string(kind));
    }
    return {key, EVP_PKEY_free};
}

template <class Write>
std::string written(Write&& write) {
    const x509::BioHandle out{BIO_new(BIO_s_mem())};
    if (std::forward<Write>(write)(out.get()) != 1) {
        throw std::runtime_error("a test key cannot be written");
    }
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

constexpr const char* kPassphrase = "open sesame";

}  // namespace

TestKey::TestKey(std::string_view kind, int which) {
    static std::map<std::pair<std::string, int>, Key> kept;
    Key& key = kept[{std::string(kind), which}];
    if (!key) {
        key = made(kind);
    }
    key_ = key;
}

std::string TestKey::pkcs8() const {
    return written([this](BIO* out) {
        return PEM_write_bio_PKCS8PrivateKey(out, native(), nullptr, nullptr, 0, nullptr, nullptr);
    });
}

std::string TestKey::traditional() const {
    return written([this](BIO* out) {
        return PEM_write_bio_PrivateKey_traditional(
            out, native(), nullptr, nullptr, 0, nullptr, nullptr);
    });
}

std::string TestKey::encrypted_pkcs8() const {
    return written([this](BIO* out) {
        return PEM_write_bio_PKCS8PrivateKey(
            out, native(), EVP_aes_128_cbc(), kPassphrase, 11, nullptr, nullptr);
    });
}

std::string TestKey::encrypted_traditional() const {
    return written([this](BIO* out) {
        const auto* const passphrase = reinterpret_cast<const unsigned char*>(kPassphrase);
        return PEM_write_bio_PrivateKey_traditional(
            out, native(), EVP_aes_128_cbc(), passphrase, 11, nullptr, nullptr);
    });
}

x509::PrivateKey TestKey::parsed() const {
    auto key = x509::PrivateKey::from_pem(pkcs8());
    if (!key) {
        throw std::runtime_error(key.error().what);
    }
    return std::move(*key);
}

std::string kind_name(x509::KeyKind kind) {
    switch (kind.type) {
        case x509::KeyType::rsa:
            return "rsa" + std::to_string(kind.bits);
        case x509::KeyType::ec:
            return "P-" + std::to_string(kind.bits);
        case x509::KeyType::ed25519:
            return "ed25519";
    }
    std::unreachable();
}

}  // namespace install_cert::testing
