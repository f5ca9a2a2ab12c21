// SPDX-License-Identifier: Apache-2.0
// What the standards call the kinds of key we make: object identifiers as DER elements, OpenSSL's
// names.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <openssl/core_names.h>
#include <openssl/obj_mac.h>

namespace install_cert::x509 {

using namespace std::string_view_literals;

inline constexpr auto kRsaEncryption = "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01"sv;
inline constexpr auto kEcPublicKey = "\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01"sv;
inline constexpr auto kEd25519 = "\x06\x03\x2B\x65\x70"sv;
inline constexpr std::size_t kEd25519Bytes = 32;
inline constexpr std::size_t kLongestPoint = 1 + (2 * 66);  // uncompressed, P-521

// The numbers of an RSAPrivateKey after its version, in their order (RFC 8017, A.1.2).
inline constexpr std::array kRsaNumbers{OSSL_PKEY_PARAM_RSA_N,
                                        OSSL_PKEY_PARAM_RSA_E,
                                        OSSL_PKEY_PARAM_RSA_D,
                                        OSSL_PKEY_PARAM_RSA_FACTOR1,
                                        OSSL_PKEY_PARAM_RSA_FACTOR2,
                                        OSSL_PKEY_PARAM_RSA_EXPONENT1,
                                        OSSL_PKEY_PARAM_RSA_EXPONENT2,
                                        OSSL_PKEY_PARAM_RSA_COEFFICIENT1};

struct Curve {
    unsigned bits;
    int nid;
    const char* group;         // OpenSSL's name
    std::string_view oid;      // DER element
    std::size_t scalar_bytes;  // of a private key (SEC 1, C.4)
};

inline constexpr std::array kCurves{
    Curve{.bits = 256,
          .nid = NID_X9_62_prime256v1,
          .group = "P-256",
          .oid = "\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07"sv,
          .scalar_bytes = 32},
    Curve{.bits = 384,
          .nid = NID_secp384r1,
          .group = "P-384",
          .oid = "\x06\x05\x2B\x81\x04\x00\x22"sv,
          .scalar_bytes = 48},
    Curve{.bits = 521,
          .nid = NID_secp521r1,
          .group = "P-521",
          .oid = "\x06\x05\x2B\x81\x04\x00\x23"sv,
          .scalar_bytes = 66},
};

}  // namespace install_cert::x509
