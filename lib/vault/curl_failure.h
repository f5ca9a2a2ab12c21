// SPDX-License-Identifier: Apache-2.0
// From libcurl's codes to failures that an operator can act on.
#pragma once

#include <cstdint>
#include <string_view>

#include <curl/curl.h>

#include "foundation/result.h"
#include "role/role.h"

namespace install_cert::vault {

struct CurlFailure {
    CURLcode code;
    std::string_view words;  // libcurl's error buffer; may be empty
    bool connected = false;  // the TLS handshake was over
};

// unavailable for resolution, connection, TLS and cut answers; not_yet for a time-out after
// connecting, and for a CA or client certificate file that is not there or not whole.
[[nodiscard]] Error explain(const CurlFailure& failure, const role::VaultAccess& access);

// Whether the connection went away under a request, so that another one may carry it.
[[nodiscard]] bool is_lost_connection(CURLcode code);

}  // namespace install_cert::vault
