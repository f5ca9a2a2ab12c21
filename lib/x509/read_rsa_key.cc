// SPDX-License-Identifier: Apache-2.0
// RSAPrivateKey (RFC 8017, A.1.2), read and proven to be one.
#include <array>
#include <utility>

#include "x509/key_encoding.h"
#include "x509/key_kinds.h"
#include "x509/key_parts.h"

namespace install_cert::x509 {
namespace {

using der::Reader;
using der::Tag;

constexpr int kShortestModulus = 512;   // bits; weaker than any key we accept, but still a key
constexpr int kLongestModulus = 16384;  // OpenSSL's own limit

// A non-negative INTEGER; nullptr for anything else.
NumberHandle read_number(Reader& reader) {
    const auto bytes = reader.next(Tag::integer);
    if (!bytes || bytes->empty() || (static_cast<unsigned char>(bytes->front()) & 0x80U) != 0) {
        return nullptr;
    }
    return NumberHandle{
        BN_bin2bn(octets(*bytes), static_cast<int>(bytes->size()), BN_secure_new())};
}

// n = p q; e d = 1 modulo p - 1 and q - 1; dp, dq and qinv follow from the others (RFC 8017, 3.2).
bool agree(const std::array<NumberHandle, 8>& numbers) {
    const auto& [n, e, d, p, q, dp, dq, qinv] = numbers;
    const NumberContextHandle context{BN_CTX_secure_new()};
    const NumberHandle value{BN_secure_new()};
    const NumberHandle less{BN_secure_new()};
    if (BN_mul(value.get(), p.get(), q.get(), context.get()) != 1 ||
        BN_cmp(value.get(), n.get()) != 0) {
        return false;
    }
    const std::array<std::pair<const BIGNUM*, const BIGNUM*>, 2> halves{
        {{p.get(), dp.get()}, {q.get(), dq.get()}}};
    for (const auto& [prime, exponent] : halves) {
        const bool is_inverse =
            BN_sub(less.get(), prime, BN_value_one()) == 1 && BN_is_zero(less.get()) == 0 &&
            BN_nnmod(value.get(), d.get(), less.get(), context.get()) == 1 &&
            BN_cmp(value.get(), exponent) == 0 &&
            BN_mod_mul(value.get(), e.get(), d.get(), less.get(), context.get()) == 1 &&
            BN_is_one(value.get()) == 1;
        if (!is_inverse) {
            return false;
        }
    }
    return BN_cmp(qinv.get(), p.get()) < 0 &&
           BN_mod_mul(value.get(), qinv.get(), q.get(), p.get(), context.get()) == 1 &&
           BN_is_one(value.get()) == 1;
}

}  // namespace

Result<DecodedKey> read_rsa_key(std::string_view der) {
    const auto content = within(der, Tag::sequence);
    Reader reader(content.value_or(""));
    if (reader.next(Tag::integer) != "\0"sv) {
        return malformed_key();
    }
    std::array<NumberHandle, 8> numbers;
    for (NumberHandle& value : numbers) {
        value = read_number(reader);
        if (!value || BN_is_zero(value.get()) == 1) {
            return malformed_key();
        }
    }
    const int bits = BN_num_bits(numbers[0].get());
    if (!reader.at_end() || bits < kShortestModulus || bits > kLongestModulus) {
        return malformed_key();
    }
    if (!agree(numbers)) {
        return contradictory_key();
    }
    std::array<Secret, kRsaNumbers.size()> bytes;
    std::array<OSSL_PARAM, kRsaNumbers.size() + 1> parameters{};
    for (std::size_t i = 0; i < kRsaNumbers.size(); ++i) {
        const auto size = static_cast<std::size_t>(BN_num_bytes(numbers.at(i).get()));
        bytes.at(i) = native_bytes(*numbers.at(i), size);
        parameters.at(i) = number_parameter(kRsaNumbers.at(i), bytes.at(i));
    }
    parameters.back() = OSSL_PARAM_construct_end();
    KeyHandle key = assemble("RSA", parameters.data());
    if (!key) {
        return malformed_key();
    }
    return DecodedKey{.key = std::move(key),
                      .kind = {.type = KeyType::rsa, .bits = static_cast<unsigned>(bits)}};
}

}  // namespace install_cert::x509
