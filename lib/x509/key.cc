// SPDX-License-Identifier: Apache-2.0
#include "x509/key.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include <openssl/rsa.h>

#include "foundation/text.h"
#include "x509/der.h"
#include "x509/digest.h"
#include "x509/key_encoding.h"
#include "x509/key_kinds.h"
#include "x509/openssl_failure.h"
#include "x509/pem.h"

namespace install_cert::x509 {
namespace {

bool prepare(EVP_PKEY_CTX* context, KeyKind kind) {
    if (context == nullptr || EVP_PKEY_keygen_init(context) != 1) {
        return false;
    }
    switch (kind.type) {
        case KeyType::rsa:
            return EVP_PKEY_CTX_set_rsa_keygen_bits(context, static_cast<int>(kind.bits)) == 1;
        case KeyType::ec: {
            const auto* const curve = std::ranges::find(kCurves, kind.bits, &Curve::bits);
            return EVP_PKEY_CTX_set_group_name(context, curve->group) == 1;
        }
        case KeyType::ed25519:
            return true;
    }
    std::unreachable();
}

KeyContextHandle new_generator(KeyKind kind) {
    constexpr std::array names{"RSA", "EC", "ED25519"};
    KeyContextHandle context{
        EVP_PKEY_CTX_new_from_name(nullptr, names.at(std::to_underlying(kind.type)), nullptr)};
    return prepare(context.get(), kind) ? std::move(context) : nullptr;
}

// A prepared generator of this kind. Kept, since preparing costs as much as making an EC key; one
// for each thread, since OpenSSL's contexts are not to be shared.
EVP_PKEY_CTX* generator(KeyKind kind) {
    thread_local std::vector<std::pair<KeyKind, KeyContextHandle>> kept;
    const auto found = std::ranges::find(kept, kind, &decltype(kept)::value_type::first);
    if (found != kept.end()) {
        return found->second.get();
    }
    KeyContextHandle context = new_generator(kind);
    EVP_PKEY_CTX* const borrowed = context.get();
    if (context) {
        kept.emplace_back(kind, std::move(context));
    }
    return borrowed;
}

Result<DecodedKey> read(const pem::Block& block, std::string_view curve) {
    if (block.label == "PRIVATE KEY") {
        return read_pkcs8(block.der.reveal());
    }
    if (block.label == "RSA PRIVATE KEY") {
        return read_rsa_key(block.der.reveal());
    }
    if (block.label == "EC PRIVATE KEY") {
        return read_ec_key(block.der.reveal(), curve);
    }
    return fail(Failure::rejected,
                "a private key was expected, not '" + printable(block.label, 60) + "'");
}

// `openssl ecparam -genkey` writes the curve as a block of its own in front of the key.
Result<DecodedKey> read(std::span<const pem::Block> blocks) {
    const bool states_curve = blocks.size() == 2 && blocks[0].label == "EC PARAMETERS" &&
                              blocks[1].label == "EC PRIVATE KEY";
    if (states_curve) {
        return read(blocks[1], blocks[0].der.reveal());
    }
    if (blocks.size() == 1) {
        return read(blocks[0], {});
    }
    return fail(Failure::rejected,
                blocks.empty() ? "there is no private key in it" : "more than one PEM block");
}

}  // namespace

std::string_view to_string(KeyType type) {
    constexpr std::array<std::string_view, 3> names{"rsa", "ec", "ed25519"};
    return names.at(std::to_underlying(type));
}

std::string to_string(KeyKind kind) {
    const std::string type(to_string(kind.type));
    return kind.bits == 0 ? type : type + " " + std::to_string(kind.bits);
}

unsigned default_bits(KeyType type) {
    constexpr std::array bits{2048U, 256U, 0U};
    return bits.at(std::to_underlying(type));
}

bool is_supported(KeyKind kind) {
    switch (kind.type) {
        case KeyType::rsa:
            return kind.bits == 2048 || kind.bits == 3072 || kind.bits == 4096;
        case KeyType::ec:
            return std::ranges::find(kCurves, kind.bits, &Curve::bits) != kCurves.end();
        case KeyType::ed25519:
            return kind.bits == 0;
    }
    std::unreachable();
}

Result<PrivateKey> PrivateKey::generate(KeyKind kind) {
    if (!is_supported(kind)) {
        return fail(Failure::config, "no key of kind '" + to_string(kind) + "' can be made");
    }
    EVP_PKEY* made = nullptr;
    EVP_PKEY_CTX* const context = generator(kind);
    if (context == nullptr || EVP_PKEY_generate(context, &made) != 1) {
        return openssl_failure(Failure::io, "making a key of kind '" + to_string(kind) + "'");
    }
    KeyHandle key{made};
    auto public_key = write_public_key(key.get(), kind);
    if (!public_key) {
        return std::unexpected(std::move(public_key.error()));
    }
    return PrivateKey(std::move(key), kind, std::move(*public_key));
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
    if (pem.size() > pem::kLongestBlock) {
        return fail(Failure::rejected, "a private key over 64 KiB");
    }
    const auto blocks = pem::blocks(pem, pem::Around::white_space);
    if (!blocks) {
        return std::unexpected(blocks.error());
    }
    auto decoded = read(*blocks);
    if (!decoded) {
        return std::unexpected(std::move(decoded.error()));
    }
    auto public_key = write_public_key(decoded->key.get(), decoded->kind);
    if (!public_key) {
        return std::unexpected(std::move(public_key.error()));
    }
    return PrivateKey(std::move(decoded->key), decoded->kind, std::move(*public_key));
}

Result<Secret> PrivateKey::to_pem() const {
    const auto der = write_pkcs8(key_.get(), kind_);
    if (!der) {
        return std::unexpected(der.error());
    }
    return pem::to_secret_pem("PRIVATE KEY", der->reveal());
}

std::string PrivateKey::public_key_digest() const {
    return sha256_hex(public_key_);
}

}  // namespace install_cert::x509
