// SPDX-License-Identifier: Apache-2.0
// Certificates as values: parsed once, then read as plain facts.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/clock.h"
#include "foundation/result.h"
#include "x509/key.h"
#include "x509/names.h"
#include "x509/openssl_handles.h"

namespace install_cert::x509 {

// Facts of one certificate. Names are in normal form. A subject that is not UTF-8 or holds control
// characters (an embedded NUL), and an alternative name outside printable ASCII, make the
// certificate unparsable rather than a different one.
struct CertificateFacts {
    Names names;
    // What else it is issued for, and nobody here ever asks for: "directory name", "otherName
    // 1.3.6.1.4.1.311.20.2.3", "a second common name 'x'".
    std::vector<std::string> other_names;
    std::vector<std::string> organization;  // in order of the subject
    std::string subject;                    // one line, RFC 2253
    std::string issuer;                     // one line, RFC 2253
    std::string serial;                     // as Vault writes it: 3f:09:...
    WallTime not_before;
    WallTime not_after;
    bool is_ca = false;
    bool has_usages = false;  // an extended key usage extension is there
    std::vector<Usage> usages;
    KeyKind key;  // type rsa and bits 0 for a kind we do not know: see `weakness`
    // Empty, or why it must not be used: "signed with SHA1", "a key of RSA 1024". How a self-signed
    // certificate is signed is no weakness, since nobody relies on that.
    std::string weakness;
    bool self_signed = false;       // subject and issuer are the same and the signature is its own
    std::string fingerprint;        // SHA-256 of the DER, lower-case hex
    std::string public_key_digest;  // as PrivateKey::public_key_digest()
};

class Certificate {
  public:
    // Exactly one PEM certificate, at most 64 KiB, nothing but white space around it.
    [[nodiscard]] static Result<Certificate> from_pem(std::string_view pem);
    // One or more, at most `limit`; text between them (comments of a bundle) is allowed.
    [[nodiscard]] static Result<std::vector<Certificate>> all_from_pem(std::string_view pem,
                                                                       std::size_t limit = 64);

    [[nodiscard]] const CertificateFacts& facts() const { return body_->facts; }

    [[nodiscard]] const std::string& pem() const { return body_->pem; }  // 64 columns, LF

    [[nodiscard]] Certificate clone() const { return Certificate(body_); }  // shares, never copies

    // Whether this certificate's signature was made by `issuer`'s key and their names match.
    [[nodiscard]] bool is_issued_by(const Certificate& issuer) const;

    // For the other files of this module.
    [[nodiscard]] X509* native() const { return body_->certificate.get(); }

  private:
    struct Body {
        CertificateHandle certificate;
        CertificateFacts facts;
        std::string pem;
    };

    explicit Certificate(std::shared_ptr<const Body> body) : body_(std::move(body)) {}

    [[nodiscard]] static Result<Certificate> from_der(std::string_view der);
    [[nodiscard]] static Result<std::shared_ptr<const Body>> decoded(std::string_view der);

    std::shared_ptr<const Body> body_;
};

// As Certificate::clone(), of all.
[[nodiscard]] inline std::vector<Certificate> clones(std::span<const Certificate> certificates) {
    std::vector<Certificate> copies;
    for (const Certificate& certificate : certificates) {
        copies.push_back(certificate.clone());
    }
    return copies;
}

// The PEM of all, one after the other.
[[nodiscard]] std::string to_pem(std::span<const Certificate> certificates);

}  // namespace install_cert::x509
