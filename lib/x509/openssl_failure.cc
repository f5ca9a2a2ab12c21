// SPDX-License-Identifier: Apache-2.0
#include "x509/openssl_failure.h"

#include <utility>

#include <openssl/err.h>

#include "foundation/text.h"

namespace install_cert::x509 {

std::unexpected<Error> openssl_failure(Failure kind, std::string what) {
    const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
    if (reason != nullptr) {
        what += ": " + printable(reason);
    }
    ERR_clear_error();
    return fail(kind, std::move(what));
}

QuietOpenssl::~QuietOpenssl() {
    ERR_clear_error();
}

}  // namespace install_cert::x509
