// SPDX-License-Identifier: Apache-2.0
// What certificates and keys that were read promise.
#pragma once

#include "fuzz/promise.h"
#include "fuzz/wanted.h"
#include "x509/certificate.h"
#include "x509/key.h"

namespace install_cert::fuzz {

inline void promise_certificate(const Result<x509::Certificate>& certificate) {
    if (!certificate) {
        promise_error(certificate.error());
        return;
    }
    const x509::CertificateFacts& facts = certificate->facts();
    promise_message(facts.subject);
    promise_message(facts.issuer);
    promise_message(facts.weakness);
    promise(is_clean_line(facts.names.common_name), "a common name is text");
    for (const std::string& organization : facts.organization) {
        promise(is_clean_line(organization), "an organization is text");
    }
    for (const std::string& other : facts.other_names) {
        promise(is_clean_line(other), "a name that nobody asks for is text");
    }
    promise(facts.fingerprint.size() == 64 && facts.public_key_digest.size() == 64,
            "digests are digests");
    promise(x509::in_normal_form(facts.names) == facts.names, "names are in their normal form");
    promise(parse_rfc3339(to_rfc3339(facts.not_after)) == facts.not_after &&
                parse_rfc3339(to_rfc3339(facts.not_before)) == facts.not_before,
            "a certificate's times are times of ours");
    const auto again = x509::Certificate::from_pem(certificate->pem());
    promise(again && again->facts().fingerprint == facts.fingerprint,
            "a certificate is written as it was read");
}

inline void promise_key(const Result<x509::PrivateKey>& key) {
    if (!key) {
        promise_error(key.error());
        return;
    }
    promise(x509::is_supported(key->kind()) || key->kind().type == x509::KeyType::rsa,
            "a key is of a kind that is known");
    const auto pem = key->to_pem();
    promise(pem.has_value(), "a key that was read can be written");
    const auto again = x509::PrivateKey::from_pem(pem->reveal());
    promise(again && again->public_key() == key->public_key() && again->kind() == key->kind(),
            "a key is written as it was read");
}

}  // namespace install_cert::fuzz
