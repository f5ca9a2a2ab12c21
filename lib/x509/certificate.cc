// SPDX-License-Identifier: Apache-2.0
#include "x509/certificate.h"

#include <unordered_map>
#include <utility>

#include <openssl/x509v3.h>

#include "foundation/text.h"
#include "x509/certificate_facts.h"
#include "x509/digest.h"
#include "x509/openssl_failure.h"
#include "x509/pem.h"

namespace install_cert::x509 {
namespace {

constexpr std::string_view kLabel = "CERTIFICATE";
constexpr std::size_t kRemembered = 256;  // certificates before those that are gone are forgotten

}  // namespace

Result<Certificate> Certificate::from_der(std::string_view der) {
    // Answers and files of one mount repeat its CA, and OpenSSL 3.0 takes 0.3 ms to decode it:
    // while one is held anywhere, its like is the same object.
    thread_local std::unordered_map<std::string, std::weak_ptr<const Body>> known;
    std::string fingerprint = sha256_hex(der);
    if (const auto found = known.find(fingerprint); found != known.end()) {
        if (auto body = found->second.lock()) {
            return Certificate(std::move(body));
        }
    }
    auto body = decoded(der);
    if (!body) {
        return std::unexpected(std::move(body.error()));
    }
    if (known.size() >= kRemembered) {
        std::erase_if(known, [](const auto& one) { return one.second.expired(); });
    }
    known.insert_or_assign(std::move(fingerprint), *body);
    return Certificate(std::move(*body));
}

Result<std::shared_ptr<const Certificate::Body>> Certificate::decoded(std::string_view der) {
    const QuietOpenssl quiet;
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    CertificateHandle certificate{d2i_X509(nullptr, &at, static_cast<long>(der.size()))};
    if (!certificate) {
        return openssl_failure(Failure::rejected, "the certificate is malformed");
    }
    auto facts = read_facts(*certificate, der);
    if (!facts) {
        return std::unexpected(std::move(facts.error()));
    }
    return std::make_shared<const Body>(Body{.certificate = std::move(certificate),
                                             .facts = std::move(*facts),
                                             .pem = pem::to_pem(kLabel, der)});
}

Result<Certificate> Certificate::from_pem(std::string_view pem) {
    if (pem.size() > pem::kLongestBlock) {
        return fail(Failure::rejected, "a certificate over 64 KiB");
    }
    const auto blocks = pem::blocks(pem, pem::Around::white_space);
    if (!blocks) {
        return std::unexpected(blocks.error());
    }
    if (blocks->empty()) {
        return fail(Failure::rejected, "there is no PEM certificate in it");
    }
    if (blocks->size() > 1) {
        return fail(Failure::rejected, "more than one PEM block where one certificate is expected");
    }
    const pem::Block& block = blocks->front();
    if (block.label != kLabel) {
        return fail(Failure::rejected,
                    "a certificate was expected, not '" + printable(block.label, 60) + "'");
    }
    return from_der(block.der.reveal());
}

Result<std::vector<Certificate>> Certificate::all_from_pem(std::string_view pem,
                                                           std::size_t limit) {
    const auto blocks = pem::blocks(pem, pem::Around::any_text);
    if (!blocks) {
        return std::unexpected(blocks.error());
    }
    std::vector<Certificate> all;
    for (const pem::Block& block : *blocks) {
        if (block.label != kLabel) {
            continue;
        }
        if (all.size() == limit) {
            return fail(Failure::rejected, "more than " + std::to_string(limit) + " certificates");
        }
        auto decoded = from_der(block.der.reveal());
        if (!decoded) {
            return while_doing("certificate " + std::to_string(all.size() + 1), decoded.error());
        }
        all.push_back(std::move(*decoded));
    }
    if (all.empty()) {
        return fail(Failure::rejected, "there is no PEM certificate in it");
    }
    return all;
}

bool Certificate::is_issued_by(const Certificate& issuer) const {
    const QuietOpenssl quiet;
    return X509_check_issued(issuer.native(), native()) == X509_V_OK &&
           X509_verify(native(), X509_get0_pubkey(issuer.native())) == 1;
}

std::string to_pem(std::span<const Certificate> certificates) {
    std::string all;
    for (const Certificate& certificate : certificates) {
        all += certificate.pem();
    }
    return all;
}

}  // namespace install_cert::x509
