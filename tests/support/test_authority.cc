// SPDX-License-Identifier: Apache-2.0
#include "tests/support/test_authority.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "foundation/handle.h"
#include "x509/openssl_handles.h"

namespace install_cert::testing {
namespace {

using x509::CertificateHandle;
using GeneralNamesHandle = std::unique_ptr<GENERAL_NAMES, ReleaseWith<GENERAL_NAMES_free>>;

void must(bool is_done, const char* what) {
    if (!is_done) {
        throw std::runtime_error(std::string("the test authority failed at ") + what);
    }
}

const unsigned char* octets(const std::string& bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

void add_to_subject(X509* certificate, const std::string& kind, const std::string& value) {
    // A length is given, so that a NUL within goes in as well.
    must(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate),
                                    kind.c_str(),
                                    V_ASN1_UTF8STRING,
                                    octets(value),
                                    static_cast<int>(value.size()),
                                    -1,
                                    0) == 1,
         "a subject");
}

std::string address_bytes(const std::string& text) {
    std::array<char, sizeof(in6_addr)> bytes{};
    if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
        return {bytes.data(), sizeof(in_addr)};
    }
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) {
        return {bytes.data(), bytes.size()};
    }
    return text;
}

void add_name(GENERAL_NAMES* names, int kind, const std::string& bytes) {
    ASN1_STRING* const value =
        ASN1_STRING_type_new(kind == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    must(ASN1_STRING_set(value, bytes.data(), static_cast<int>(bytes.size())) == 1, "a name");
    GENERAL_NAME* const name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, kind, value);
    sk_GENERAL_NAME_push(names, name);
}

void add_alternative_names(X509* certificate, const Plan& plan) {
    const GeneralNamesHandle names{GENERAL_NAMES_new()};
    for (const std::string& name : plan.dns) {
        add_name(names.get(), GEN_DNS, name);
    }
    for (const std::string& address : plan.ip) {
        add_name(names.get(), GEN_IPADD, address_bytes(address));
    }
    for (const std::string& uri : plan.uri) {
        add_name(names.get(), GEN_URI, uri);
    }
    for (const std::string& email : plan.email) {
        add_name(names.get(), GEN_EMAIL, email);
    }
    if (sk_GENERAL_NAME_num(names.get()) > 0) {
        must(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) == 1,
             "alternative names");
    }
}

void add_extension(X509* certificate,
                   X509* issuer,
                   const std::string& name,
                   const std::string& value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509V3_set_ctx_nodb(&context);
    X509_EXTENSION* const extension =
        X509V3_EXT_nconf(nullptr, &context, name.c_str(), value.c_str());
    must(extension != nullptr, name.c_str());
    must(X509_add_ext(certificate, extension, -1) == 1, "an extension");
    X509_EXTENSION_free(extension);
}

std::string listed(const std::vector<std::string>& values) {
    std::string list;
    for (const std::string& value : values) {
        list += (list.empty() ? "" : ",") + value;
    }
    return list;
}

void add_extensions(X509* certificate, X509* issuer, const Plan& plan) {
    add_extension(certificate, issuer, "subjectKeyIdentifier", "hash");
    if (issuer != certificate) {
        add_extension(certificate, issuer, "authorityKeyIdentifier", "keyid");
    }
    if (plan.is_ca) {
        add_extension(certificate, issuer, "basicConstraints", "critical,CA:TRUE");
    }
    if (!plan.usages.empty()) {
        add_extension(certificate, issuer, "extendedKeyUsage", listed(plan.usages));
    }
    add_alternative_names(certificate, plan);
    for (const auto& [name, value] : plan.extensions) {
        add_extension(certificate, issuer, name, value);
    }
}

void set_serial(X509* certificate, std::string digits) {
    std::erase(digits, ':');
    BIGNUM* number = nullptr;
    must(BN_hex2bn(&number, digits.c_str()) != 0, "a serial number");
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
}

std::string pem_of(X509* certificate) {
    const x509::BioHandle out{BIO_new(BIO_s_mem())};
    must(PEM_write_bio_X509(out.get(), certificate) == 1, "PEM");
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

CertificateHandle from_pem(const std::string& pem) {
    const x509::BioHandle in{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    return CertificateHandle{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)};
}

// `issuer` is nullptr for one that signs itself.
std::string certificate(const Plan& plan, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
    const CertificateHandle made{X509_new()};
    X509_set_version(made.get(), X509_VERSION_3);
    set_serial(made.get(), plan.serial);
    ASN1_TIME_set(X509_getm_notBefore(made.get()), plan.not_before.time_since_epoch().count());
    ASN1_TIME_set(X509_getm_notAfter(made.get()), plan.not_after.time_since_epoch().count());
    for (const std::string& organization : plan.organization) {
        add_to_subject(made.get(), "O", organization);
    }
    if (plan.common_name) {
        add_to_subject(made.get(), "CN", *plan.common_name);
    }
    for (const auto& [kind, value] : plan.more_subject) {
        add_to_subject(made.get(), kind, value);
    }
    X509* const signer = issuer == nullptr ? made.get() : issuer;
    X509_set_issuer_name(made.get(), X509_get_subject_name(signer));
    must(X509_set_pubkey(made.get(), key) == 1, "a public key");
    add_extensions(made.get(), signer, plan);
    EVP_PKEY* const signing = plan.forger ? plan.forger->native() : issuer_key;
    const bool is_edwards =
        EVP_PKEY_is_a(signing, "ED25519") == 1 || EVP_PKEY_is_a(signing, "ED448") == 1;
    const EVP_MD* const digest = is_edwards ? nullptr : EVP_get_digestbyname(plan.digest.c_str());
    must(X509_sign(made.get(), signing, digest) > 0, "signing");
    return pem_of(made.get());
}

Plan authority_plan(const std::string& common_name, const TestAuthority::Terms& terms) {
    Plan plan;
    plan.common_name = common_name;
    plan.usages = terms.usages;
    plan.not_before = terms.not_before;
    plan.not_after = terms.not_after;
    plan.is_ca = true;
    plan.digest = terms.digest;
    plan.serial = terms.serial;
    plan.extensions = {{"keyUsage", "critical,keyCertSign,cRLSign"}};
    return plan;
}

}  // namespace

Plan plan_for(const x509::Names& names) {
    Plan plan;
    plan.common_name = names.common_name.empty() ? std::nullopt : std::optional(names.common_name);
    plan.dns = names.dns;
    plan.ip = names.ip;
    plan.uri = names.uri;
    plan.email = names.email;
    return plan;
}

TestAuthority TestAuthority::root(const std::string& common_name, const Terms& terms) {
    const TestKey key(terms.key, terms.which);
    return {common_name,
            key,
            testing::certificate(
                authority_plan(common_name, terms), key.native(), nullptr, key.native())};
}

TestAuthority TestAuthority::root(const std::string& common_name) {
    return root(common_name, Terms{});
}

TestAuthority TestAuthority::intermediate(const std::string& common_name,
                                          const Terms& terms) const {
    const TestKey key(terms.key, terms.which);
    return {common_name, key, issue(authority_plan(common_name, terms), key)};
}

TestAuthority TestAuthority::cross_signed(const TestAuthority& other, const Terms& terms) const {
    return {other.common_name_,
            other.key_,
            issue(authority_plan(other.common_name_, terms), other.key_)};
}

std::string TestAuthority::issue(const Plan& plan, const TestKey& key) const {
    const CertificateHandle issuer = from_pem(pem_);
    return testing::certificate(plan, key.native(), issuer.get(), key_.native());
}

std::string TestAuthority::sign(const Plan& plan, const std::string& request) const {
    const x509::BioHandle in{BIO_new_mem_buf(request.data(), static_cast<int>(request.size()))};
    const x509::RequestHandle wish{PEM_read_bio_X509_REQ(in.get(), nullptr, nullptr, nullptr)};
    must(wish != nullptr, "reading a request");
    EVP_PKEY* const key = X509_REQ_get0_pubkey(wish.get());
    must(key != nullptr && X509_REQ_verify(wish.get(), key) == 1, "verifying a request");
    const CertificateHandle issuer = from_pem(pem_);
    return testing::certificate(plan, key, issuer.get(), key_.native());
}

x509::Certificate TestAuthority::certificate() const {
    return parsed(pem_);
}

x509::Certificate parsed(const std::string& pem) {
    auto certificate = x509::Certificate::from_pem(pem);
    if (!certificate) {
        throw std::runtime_error(certificate.error().what);
    }
    return std::move(*certificate);
}

}  // namespace install_cert::testing
