// SPDX-License-Identifier: Apache-2.0
#include "x509/chain.h"

#include <algorithm>
#include <string>
#include <utility>

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "x509/openssl_failure.h"

namespace install_cert::x509 {
namespace {

constexpr int kMostLinks = 8;
constexpr int kAuthenticationLevel = 2;  // 112 bits for all but a self-signed one's signature

// Borrowed certificates: the stack alone is freed.
void free_stack(STACK_OF(X509) * stack) {
    sk_X509_free(stack);
}

using StackHandle = std::unique_ptr<STACK_OF(X509), ReleaseWith<free_stack>>;

std::unexpected<Error> explained(X509_STORE_CTX& context) {
    std::string what = X509_verify_cert_error_string(X509_STORE_CTX_get_error(&context));
    if (const X509* const at_fault = X509_STORE_CTX_get_current_cert(&context)) {
        const BioHandle out{BIO_new(BIO_s_mem())};
        (void)X509_NAME_print_ex(out.get(), X509_get_subject_name(at_fault), 0, XN_FLAG_RFC2253);
        char* text = nullptr;
        const auto size = static_cast<std::size_t>(BIO_get_mem_data(out.get(), &text));
        what += " (at '" + std::string(text, size) + "')";
    }
    return fail(Failure::rejected, std::move(what));
}

void set_terms(X509_VERIFY_PARAM& terms, WallTime at) {
    (void)X509_VERIFY_PARAM_set_flags(&terms, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_time(&terms, at.time_since_epoch().count());
    // OpenSSL counts the certificates between the leaf and the anchor.
    X509_VERIFY_PARAM_set_depth(&terms, kMostLinks - 1);
    X509_VERIFY_PARAM_set_auth_level(&terms, kAuthenticationLevel);
}

// Whether `a` is the better of two certificates for one issuer: the one that lasts longer, and
// otherwise always the same one, so that an unchanged mount yields unchanged files.
bool is_preferred(const Certificate* a, const Certificate* b) {
    return std::pair(a->facts().not_after, a->facts().fingerprint) >
           std::pair(b->facts().not_after, b->facts().fingerprint);
}

const Certificate* issuer_in(std::span<const Certificate> pool,
                             const Certificate& subject,
                             const std::vector<Certificate>& used) {
    const Certificate* best = nullptr;
    for (const Certificate& candidate : pool) {
        const auto is_same = [&candidate](const Certificate& other) {
            return other.facts().fingerprint == candidate.facts().fingerprint;
        };
        const bool is_used = is_same(subject) || std::ranges::any_of(used, is_same);
        if (!is_used && !candidate.facts().self_signed &&
            (best == nullptr || is_preferred(&candidate, best)) &&
            subject.is_issued_by(candidate)) {
            best = &candidate;
        }
    }
    return best;
}

}  // namespace

Result<> verify_chain(const ChainQuestion& question) {
    const QuietOpenssl quiet;
    const StoreHandle store{X509_STORE_new()};
    const StoreContextHandle context{X509_STORE_CTX_new()};
    const StackHandle intermediates{sk_X509_new_null()};
    if (!store || !context || !intermediates) {
        return openssl_failure(Failure::io, "verifying a certificate chain");
    }
    for (const Certificate& anchor : question.anchors) {
        (void)X509_STORE_add_cert(store.get(), anchor.native());  // fails only without memory
    }
    for (const Certificate& intermediate : question.intermediates) {
        (void)sk_X509_push(intermediates.get(), intermediate.native());
    }
    if (X509_STORE_CTX_init(
            context.get(), store.get(), question.leaf.native(), intermediates.get()) != 1) {
        return openssl_failure(Failure::io, "verifying a certificate chain");
    }
    set_terms(*X509_STORE_CTX_get0_param(context.get()), question.at);
    if (question.purpose) {
        const bool is_server = *question.purpose == Usage::server;
        (void)X509_STORE_CTX_set_purpose(
            context.get(), is_server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT);
    }
    if (X509_verify_cert(context.get()) != 1) {
        return explained(*context);
    }
    return {};
}

std::vector<Certificate> ordered_intermediates(const Certificate& leaf,
                                               std::span<const Certificate> pool) {
    std::vector<Certificate> ordered;
    const Certificate* last = &leaf;
    while (ordered.size() < kMostLinks) {
        const Certificate* const issuer = issuer_in(pool, *last, ordered);
        if (issuer == nullptr) {
            break;
        }
        ordered.push_back(issuer->clone());
        last = issuer;
    }
    return ordered;
}

}  // namespace install_cert::x509
