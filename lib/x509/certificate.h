// SPDX-License-Identifier: Apache-2.0
// Certificates as values: parsed once, then read as plain facts.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/clock.h"
#include "foundation/result.h"
#include "x509/key.h"
#include "x509/names.h"
#include "x509/openssl_handles.h"

namespace install_cert::x509 {

// Facts of one certificate. Names are normalized; a name with an embedded NUL or outside printable
// ASCII makes the certificate unparsable rather than a different one.
struct CertificateFacts {
    Names names;
    std::vector<std::string> organization;
    std::string subject;  // one line, RFC 2253
    std::string issuer;   // one line, RFC 2253
    std::string serial;   // as Vault writes it: 3f:09:...
    WallTime not_before;
    WallTime not_after;
    bool is_ca = false;
    bool has_usages = false;  // an extended key usage extension is there
    std::vector<Usage> usages;
    KeyKind key;  // bits 0 and type rsa for a kind we do not know: see `weak`
    std::string
        weakness;  // empty, or why it must not be used: "signed with SHA-1", "RSA 1024", ...
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

    [[nodiscard]] const CertificateFacts& facts() const { return facts_; }

    [[nodiscard]] const std::string& pem() const { return pem_; }  // canonical: 64 columns, LF

    [[nodiscard]] Certificate clone() const;

    // Whether this certificate's signature was made by `issuer`'s key and their names match.
    [[nodiscard]] bool is_issued_by(const Certificate& issuer) const;

    [[nodiscard]] X509* native() const { return certificate_.get(); }

  private:
    Certificate(CertificateHandle certificate, CertificateFacts facts, std::string pem);
    CertificateHandle certificate_;
    CertificateFacts facts_;
    std::string pem_;
};

// The PEM of all, one after the other.
[[nodiscard]] std::string to_pem(std::span<const Certificate> certificates);

}  // namespace install_cert::x509
