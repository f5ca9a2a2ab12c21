// SPDX-License-Identifier: Apache-2.0
#include "x509/certificate_facts.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include <openssl/x509v3.h>

#include "x509/certificate_names.h"
#include "x509/digest.h"
#include "x509/key_kinds.h"
#include "x509/openssl_failure.h"

namespace install_cert::x509 {
namespace {

using UsagesHandle = std::unique_ptr<EXTENDED_KEY_USAGE, ReleaseWith<EXTENDED_KEY_USAGE_free>>;

constexpr int kLeastStrength = 112;  // bits; NIST SP 800-57: RSA 2048, SHA-224
constexpr int kLeastModulus = 2048;

std::unexpected<Error> unreadable(std::string_view what) {
    return openssl_failure(Failure::rejected, "the certificate's " + std::string(what));
}

// What one of OpenSSL's i2d functions writes.
template <class Object>
std::string encoded(int (*encode)(Object*, unsigned char**), Object* object) {
    unsigned char* bytes = nullptr;
    const int size = encode(object, &bytes);
    std::string der;
    if (size > 0) {
        der.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
        OPENSSL_free(bytes);
    }
    return der;
}

std::string one_line(const X509_NAME* name) {
    const BioHandle out{BIO_new(BIO_s_mem())};
    if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0) {
        return {};
    }
    char* text = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(out.get(), &text));
    return {text, size};
}

// certutil.GetHexFormatted(): lower-case pairs with colons between them.
std::string vault_serial(const ASN1_INTEGER& serial) {
    const std::string digits =
        to_hex(std::span(ASN1_STRING_get0_data(&serial), static_cast<std::size_t>(serial.length)));
    std::string text;
    for (std::size_t at = 0; at < digits.size(); at += 2) {
        text.append(at == 0 ? "" : ":").append(digits, at, 2);
    }
    return text;
}

std::optional<WallTime> time_of(const ASN1_TIME& time) {
    tm parts{};
    if (ASN1_TIME_to_tm(&time, &parts) != 1) {
        return std::nullopt;
    }
    return WallTime{std::chrono::seconds{timegm(&parts)}};
}

Result<> read_usages(const X509& certificate, CertificateFacts& facts) {
    int how = 0;
    const UsagesHandle all{static_cast<EXTENDED_KEY_USAGE*>(
        X509_get_ext_d2i(&certificate, NID_ext_key_usage, &how, nullptr))};
    if (!all) {
        constexpr int absent = -1;
        return how == absent ? Result<>{} : unreadable("extended key usage is malformed");
    }
    facts.has_usages = true;
    const auto allows = [&all](int kind) {
        for (int i = 0; i < sk_ASN1_OBJECT_num(all.get()); ++i) {
            const int one = OBJ_obj2nid(sk_ASN1_OBJECT_value(all.get(), i));
            if (one == kind || one == NID_anyExtendedKeyUsage) {
                return true;
            }
        }
        return false;
    };
    if (allows(NID_server_auth)) {
        facts.usages.push_back(Usage::server);
    }
    if (allows(NID_client_auth)) {
        facts.usages.push_back(Usage::client);
    }
    return {};
}

constexpr KeyKind kUnknownKind{.type = KeyType::rsa, .bits = 0};

KeyKind kind_of(const EVP_PKEY* key) {
    switch (key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(key)) {
        case EVP_PKEY_RSA:
            return {.type = KeyType::rsa, .bits = static_cast<unsigned>(EVP_PKEY_get_bits(key))};
        case EVP_PKEY_ED25519:
            return {.type = KeyType::ed25519, .bits = 0};
        case EVP_PKEY_EC: {
            std::array<char, 80> group{};
            std::size_t size = 0;
            if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) != 1) {
                return kUnknownKind;
            }
            const auto* const curve =
                std::ranges::find(kCurves, OBJ_sn2nid(group.data()), &Curve::nid);
            return curve == kCurves.end() ? kUnknownKind
                                          : KeyKind{.type = KeyType::ec, .bits = curve->bits};
        }
        default:
            return kUnknownKind;
    }
}

// Servers and clients sign their handshakes (RFC 8446, 4.4.2.2); with an RSA key TLS 1.2 can do
// without. No such extension: everything is allowed.
bool can_shake_hands(X509& certificate, KeyType type) {
    const std::uint32_t enough =
        KU_DIGITAL_SIGNATURE | (type == KeyType::rsa ? KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT : 0U);
    return (X509_get_key_usage(&certificate) & enough) != 0;
}

std::string weakness_of(X509& certificate, const CertificateFacts& facts) {
    if (facts.key == kUnknownKind) {
        return "a key of a kind we do not know";
    }
    if (facts.key.type == KeyType::rsa && facts.key.bits < kLeastModulus) {
        return "a key of RSA " + std::to_string(facts.key.bits);
    }
    if (!facts.is_ca && !can_shake_hands(certificate, facts.key.type)) {
        return "a key usage without digitalSignature, which no TLS handshake can use";
    }
    if (facts.self_signed) {
        return {};
    }
    int digest = NID_undef;
    int strength = 0;
    if (X509_get_signature_info(&certificate, &digest, nullptr, &strength, nullptr) != 1) {
        return "signed in a way we do not know";
    }
    return strength < kLeastStrength ? std::string("signed with ") + OBJ_nid2sn(digest)
                                     : std::string();
}

void read_identity(X509& certificate, std::string_view der, CertificateFacts& facts) {
    facts.subject = one_line(X509_get_subject_name(&certificate));
    facts.issuer = one_line(X509_get_issuer_name(&certificate));
    facts.serial = vault_serial(*X509_get0_serialNumber(&certificate));
    facts.is_ca = X509_check_ca(&certificate) != 0 ||
                  (X509_get_extension_flags(&certificate) & EXFLAG_CA) != 0;
    facts.self_signed = X509_self_signed(&certificate, 1) == 1;
    facts.key = kind_of(X509_get0_pubkey(&certificate));
    facts.weakness = weakness_of(certificate, facts);
    facts.fingerprint = sha256_hex(der);
    facts.public_key_digest =
        sha256_hex(encoded<const X509_PUBKEY>(i2d_X509_PUBKEY, X509_get_X509_PUBKEY(&certificate)));
}

}  // namespace

Result<CertificateFacts> read_facts(X509& certificate, std::string_view der) {
    // Bytes after it, or an encoding that is not DER: other programs may see another certificate.
    if (encoded<const X509>(i2d_X509, &certificate) != der) {
        return fail(Failure::rejected, "the certificate is not DER");
    }
    if ((X509_get_extension_flags(&certificate) & EXFLAG_INVALID) != 0) {
        return unreadable("extensions are malformed");
    }
    auto held = read_names(certificate);
    if (!held) {
        return std::unexpected(std::move(held.error()));
    }
    const auto not_before = time_of(*X509_get0_notBefore(&certificate));
    const auto not_after = time_of(*X509_get0_notAfter(&certificate));
    if (!not_before || !not_after) {
        return unreadable("validity is malformed");
    }
    CertificateFacts facts;
    facts.names = std::move(held->names);
    facts.other_names = std::move(held->other_names);
    facts.organization = std::move(held->organization);
    facts.not_before = *not_before;
    facts.not_after = *not_after;
    if (const auto done = read_usages(certificate, facts); !done) {
        return std::unexpected(done.error());
    }
    read_identity(certificate, der, facts);
    return facts;
}

}  // namespace install_cert::x509
