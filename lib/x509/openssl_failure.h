// SPDX-License-Identifier: Apache-2.0
// OpenSSL's error queue as an Error.
#pragma once

#include <string>

#include "foundation/result.h"

namespace install_cert::x509 {

// "what: OpenSSL's words". Empties the queue: what is left in it would be blamed on the next TLS
// connection (SSL_get_error(3)).
[[nodiscard]] std::unexpected<Error> openssl_failure(Failure kind, std::string what);

// Empties the queue when it goes out of scope, for calls that may fail without that being an error.
struct QuietOpenssl {
    QuietOpenssl() = default;
    QuietOpenssl(const QuietOpenssl&) = delete;
    QuietOpenssl& operator=(const QuietOpenssl&) = delete;
    QuietOpenssl(QuietOpenssl&&) = delete;
    QuietOpenssl& operator=(QuietOpenssl&&) = delete;
    ~QuietOpenssl();
};

}  // namespace install_cert::x509
