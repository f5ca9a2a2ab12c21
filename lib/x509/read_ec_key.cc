// SPDX-License-Identifier: Apache-2.0
// ECPrivateKey (RFC 5915), read, with the public half derived anew.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "x509/key_encoding.h"
#include "x509/key_kinds.h"
#include "x509/key_parts.h"
#include "x509/openssl_failure.h"

namespace install_cert::x509 {
namespace {

using der::Reader;
using der::Tag;

const EC_GROUP* group_of(const Curve& curve) {
    thread_local std::array<CurveHandle, kCurves.size()> kept;
    CurveHandle& group = kept.at(static_cast<std::size_t>(&curve - kCurves.data()));
    if (!group) {
        group.reset(EC_GROUP_new_by_curve_name(curve.nid));
    }
    return group.get();
}

// The point that belongs to a private scalar, uncompressed; empty for a scalar that is none. Where
// a public key is stated, it must be this one.
Result<std::string> public_point(const Curve& curve,
                                 const BIGNUM& scalar,
                                 std::optional<std::string_view> stated) {
    const EC_GROUP* const group = group_of(curve);
    const NumberContextHandle context{BN_CTX_secure_new()};
    const PointHandle point{EC_POINT_new(group)};
    const PointHandle other{EC_POINT_new(group)};
    if (group == nullptr || !context || !point || !other) {
        return openssl_failure(Failure::io, "reading a private key");
    }
    if (BN_is_zero(&scalar) == 1 || BN_cmp(&scalar, EC_GROUP_get0_order(group)) >= 0 ||
        EC_POINT_mul(group, point.get(), &scalar, nullptr, nullptr, context.get()) != 1) {
        return malformed_key();
    }
    if (stated && (EC_POINT_oct2point(
                       group, other.get(), octets(*stated), stated->size(), context.get()) != 1 ||
                   EC_POINT_cmp(group, point.get(), other.get(), context.get()) != 0)) {
        return contradictory_key();
    }
    std::array<unsigned char, kLongestPoint> bytes{};
    const std::size_t size = EC_POINT_point2oct(group,
                                                point.get(),
                                                POINT_CONVERSION_UNCOMPRESSED,
                                                bytes.data(),
                                                bytes.size(),
                                                context.get());
    return std::string(reinterpret_cast<const char*>(bytes.data()), size);
}

struct EcParts {
    std::string_view scalar;
    std::string_view curve;  // empty when not stated
    std::optional<std::string_view> point;
};

std::optional<EcParts> read_ec_parts(std::string_view der) {
    const auto content = within(der, Tag::sequence);
    Reader reader(content.value_or(""));
    const auto version = reader.next(Tag::integer);
    const auto scalar = reader.next(Tag::octet_string);
    if (version != "\x01"sv || !scalar) {
        return std::nullopt;
    }
    EcParts parts{.scalar = *scalar, .curve = {}, .point = {}};
    parts.curve = reader.next(der::context(0)).value_or("");
    if (const auto stated = reader.next(der::context(1))) {
        parts.point = whole_bytes(within(*stated, Tag::bit_string));
        if (!parts.point) {
            return std::nullopt;
        }
    }
    return reader.at_end() ? std::optional(parts) : std::nullopt;
}

}  // namespace

Result<DecodedKey> read_ec_key(std::string_view der, std::string_view curve_stated_outside) {
    const auto parts = read_ec_parts(der);
    if (!parts) {
        return malformed_key();
    }
    const bool differ = !parts->curve.empty() && !curve_stated_outside.empty() &&
                        parts->curve != curve_stated_outside;
    const auto oid = parts->curve.empty() ? curve_stated_outside : parts->curve;
    const auto* const curve = std::ranges::find(kCurves, oid, &Curve::oid);
    if (curve == kCurves.end() || differ) {
        return unknown_key();
    }
    if (parts->scalar.size() > curve->scalar_bytes) {
        return malformed_key();
    }
    const NumberHandle scalar{
        BN_bin2bn(octets(parts->scalar), static_cast<int>(parts->scalar.size()), BN_secure_new())};
    if (!scalar) {
        return openssl_failure(Failure::io, "reading a private key");
    }
    auto point = public_point(*curve, *scalar, parts->point);
    if (!point) {
        return std::unexpected(std::move(point.error()));
    }
    Secret bytes = native_bytes(*scalar, curve->scalar_bytes);
    std::string group = curve->group;
    std::array parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point->data(), point->size()),
        number_parameter(OSSL_PKEY_PARAM_PRIV_KEY, bytes),
        OSSL_PARAM_construct_end()};
    KeyHandle key = assemble("EC", parameters.data());
    if (!key) {
        return malformed_key();
    }
    return DecodedKey{.key = std::move(key), .kind = {.type = KeyType::ec, .bits = curve->bits}};
}

}  // namespace install_cert::x509
