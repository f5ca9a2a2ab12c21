// SPDX-License-Identifier: Apache-2.0
// The words and kinds of failed transfers.
#include "vault/curl_failure.h"

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <initializer_list>
#include <string>

#include "vault/answer.h"
#include "vault/curl_library.h"

namespace install_cert::vault {
namespace {

// The first of the files that cannot be read, as a failure that goes away when it comes.
std::optional<Error> missing(std::initializer_list<std::string_view> files) {
    for (const std::string_view file : files) {
        const std::string path(file);
        if (!path.empty() && access(path.c_str(), R_OK) != 0) {
            return fail_errno(Failure::not_yet, path, errno).error();
        }
    }
    return std::nullopt;
}

Error file_failure(const CurlFailure& failure, const role::VaultAccess& access) {
    const bool about_ca = failure.code == CURLE_SSL_CACERT_BADFILE;
    const auto absent =
        about_ca ? missing({access.ca_cert}) : missing({access.client_cert, access.client_key});
    if (absent) {
        return *absent;
    }
    // Another unit may be writing it at this moment.
    if (about_ca) {
        return {.kind = Failure::not_yet, .what = access.ca_cert + ": holds no PEM certificate"};
    }
    return {.kind = Failure::not_yet,
            .what = access.client_cert + ": no usable client certificate with the key of " +
                    (access.client_key.empty() ? access.client_cert : access.client_key)};
}

std::string way_out_of_tls(std::string_view words, const role::VaultAccess& access) {
    if (words.contains("not yet valid") || words.contains("has expired")) {
        return "check this host's clock, then Vault's certificate";
    }
    if (words.contains("target host name") || words.contains("match")) {
        return "set vault.tls_server_name to a name that Vault's certificate has";
    }
    if (words.contains("issuer certificate") || words.contains("self-signed") ||
        words.contains("self signed")) {
        return access.ca_cert.empty()
                   ? "set vault.ca_cert to the file with the CA that signed Vault's certificate"
                   : "check that " + access.ca_cert +
                         " holds the CA that signed Vault's certificate";
    }
    return {};
}

// TLS 1.3 reports a missing client certificate on the first read, TLS 1.2 in the handshake.
bool asks_for_client_certificate(std::string_view words) {
    return words.contains("certificate required") || words.contains("alert handshake failure") ||
           words.contains("alert bad certificate");
}

}  // namespace

bool is_lost_connection(CURLcode code) {
    switch (static_cast<int>(code)) {
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
            return true;
        default:
            return false;
    }
}

Error explain(const CurlFailure& failure, const role::VaultAccess& access) {
    if (failure.code == CURLE_SSL_CACERT_BADFILE || failure.code == CURLE_SSL_CERTPROBLEM) {
        return file_failure(failure, access);
    }
    const std::string words =
        one_line(failure.words.empty() ? curl().easy_strerror(failure.code) : failure.words);
    Error error{.kind = Failure::unavailable, .what = access.address + ": " + words};
    error.may_have_happened = failure.connected;
    if (failure.code == CURLE_OPERATION_TIMEDOUT && failure.connected) {
        error.kind = Failure::not_yet;
    } else if (asks_for_client_certificate(words)) {
        error.way_out = access.client_cert.empty()
                            ? "Vault demands a client certificate: set vault.client_cert and "
                              "vault.client_key"
                            : "Vault does not accept the client certificate " + access.client_cert;
    } else if (is_lost_connection(failure.code) && access.address.starts_with("http://")) {
        error.way_out = "if Vault speaks TLS there: set vault.address to https://...";
    } else if (is_lost_connection(failure.code) && access.client_cert.empty()) {
        // A server that closes at once after its alert can overtake it with a reset.
        error.way_out =
            "if Vault demands a client certificate: set vault.client_cert and vault.client_key";
    } else {
        error.way_out = way_out_of_tls(words, access);
    }
    return error;
}

}  // namespace install_cert::vault
