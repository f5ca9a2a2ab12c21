// SPDX-License-Identifier: Apache-2.0
// The writing half; the reading one is in read_*.cc.
#include "x509/key_encoding.h"

#include <algorithm>
#include <array>
#include <utility>

#include <openssl/core_names.h>

#include "x509/der.h"
#include "x509/key_kinds.h"
#include "x509/openssl_failure.h"

namespace install_cert::x509 {
namespace {

using der::element;
using der::secret_element;
using der::Tag;

constexpr auto kNull = "\x05\x00"sv;
constexpr auto kNoUnusedBits = "\0"sv;  // the first byte of a BIT STRING
constexpr auto kVersion0 = "\x02\x01\x00"sv;
constexpr auto kVersion1 = "\x02\x01\x01"sv;

std::unexpected<Error> unreadable() {
    return openssl_failure(Failure::io, "reading the parts of a key");
}

const Curve& curve_of(KeyKind kind) {
    return *std::ranges::find(kCurves, kind.bits, &Curve::bits);
}

NumberHandle number(EVP_PKEY* key, const char* name) {
    BIGNUM* value = nullptr;
    (void)EVP_PKEY_get_bn_param(key, name, &value);  // leaves nullptr
    return NumberHandle{value};
}

Secret fixed_bytes(const BIGNUM& value, std::size_t size) {
    Secret bytes;
    bytes.resize(size);
    auto* const raw = reinterpret_cast<unsigned char*>(bytes.data());
    (void)BN_bn2binpad(&value, raw, static_cast<int>(size));
    return bytes;
}

// With a zero byte in front where the number would look negative.
Secret integer(const BIGNUM& value) {
    const auto size = static_cast<std::size_t>(BN_num_bits(&value)) / 8 + 1;
    return secret_element(Tag::integer, {fixed_bytes(value, size).reveal()});
}

// The encoded point of an EC key (SEC 1, 2.3.3) or the bytes of an Ed25519 one.
Result<std::string> raw_public_key(EVP_PKEY* key, KeyType type) {
    std::array<unsigned char, kLongestPoint> bytes{};
    std::size_t size = bytes.size();
    const int done = type == KeyType::ec
                         ? EVP_PKEY_get_octet_string_param(
                               key, OSSL_PKEY_PARAM_PUB_KEY, bytes.data(), bytes.size(), &size)
                         : EVP_PKEY_get_raw_public_key(key, bytes.data(), &size);
    if (done != 1) {
        return unreadable();
    }
    return std::string(reinterpret_cast<const char*>(bytes.data()), size);
}

Result<Secret> rsa_key(EVP_PKEY* key) {
    Secret numbers;
    for (const char* const name : kRsaNumbers) {
        const NumberHandle value = number(key, name);
        if (!value) {
            return unreadable();
        }
        numbers.append(integer(*value).reveal());
    }
    return secret_element(Tag::sequence, {kVersion0, numbers.reveal()});
}

Result<Secret> ec_key(EVP_PKEY* key, const Curve& curve) {
    const NumberHandle scalar = number(key, OSSL_PKEY_PARAM_PRIV_KEY);
    const auto point = raw_public_key(key, KeyType::ec);
    if (!scalar || !point) {
        return unreadable();
    }
    const Secret octets =
        secret_element(Tag::octet_string, {fixed_bytes(*scalar, curve.scalar_bytes).reveal()});
    const std::string public_bits =
        element(der::context(1), {element(Tag::bit_string, {kNoUnusedBits, *point})});
    return secret_element(Tag::sequence, {kVersion1, octets.reveal(), public_bits});
}

Result<Secret> ed25519_key(EVP_PKEY* key) {
    Secret bytes;
    bytes.resize(kEd25519Bytes);
    std::size_t size = bytes.size();
    auto* const raw = reinterpret_cast<unsigned char*>(bytes.data());
    if (EVP_PKEY_get_raw_private_key(key, raw, &size) != 1 || size != kEd25519Bytes) {
        return unreadable();
    }
    return secret_element(Tag::octet_string, {bytes.reveal()});
}

Result<Secret> private_part(EVP_PKEY* key, KeyKind kind) {
    switch (kind.type) {
        case KeyType::rsa:
            return rsa_key(key);
        case KeyType::ec:
            return ec_key(key, curve_of(kind));
        case KeyType::ed25519:
            return ed25519_key(key);
    }
    std::unreachable();
}

std::string algorithm(KeyKind kind) {
    switch (kind.type) {
        case KeyType::rsa:
            return element(Tag::sequence, {kRsaEncryption, kNull});  // RFC 3279, 2.3.1
        case KeyType::ec:
            return element(Tag::sequence, {kEcPublicKey, curve_of(kind).oid});
        case KeyType::ed25519:
            return element(Tag::sequence, {kEd25519});  // RFC 8410, 3: no parameters
    }
    std::unreachable();
}

Result<std::string> public_part(EVP_PKEY* key, KeyKind kind) {
    if (kind.type != KeyType::rsa) {
        return raw_public_key(key, kind.type);
    }
    const NumberHandle modulus = number(key, OSSL_PKEY_PARAM_RSA_N);
    const NumberHandle exponent = number(key, OSSL_PKEY_PARAM_RSA_E);
    if (!modulus || !exponent) {
        return unreadable();
    }
    return element(Tag::sequence, {integer(*modulus).reveal(), integer(*exponent).reveal()});
}

}  // namespace

Result<Secret> write_pkcs8(EVP_PKEY* key, KeyKind kind) {
    const auto inner = private_part(key, kind);
    if (!inner) {
        return std::unexpected(inner.error());
    }
    const Secret octets = secret_element(Tag::octet_string, {inner->reveal()});
    return secret_element(Tag::sequence, {kVersion0, algorithm(kind), octets.reveal()});
}

Result<std::string> write_public_key(EVP_PKEY* key, KeyKind kind) {
    const auto bits = public_part(key, kind);
    if (!bits) {
        return std::unexpected(bits.error());
    }
    return element(Tag::sequence,
                   {algorithm(kind), element(Tag::bit_string, {kNoUnusedBits, *bits})});
}

}  // namespace install_cert::x509
