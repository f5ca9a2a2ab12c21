// SPDX-License-Identifier: Apache-2.0
// From an HTTP answer to what it means: Vault's JSON, or the failure that its status stands for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "foundation/result.h"
#include "vault/http_transport.h"
#include "vault/json.h"

namespace install_cert::vault {

// The JSON of a 200, or the refusal. `path` is the one called, as a policy writes it.
[[nodiscard]] Result<Json> json_answer(std::string_view path, HttpResponse response);

// The failure that a status other than 200 and 204 stands for, with Vault's own `errors`, escaped
// and capped: denied for 401 and 403; not_yet for 408, 412, 429, 472 and 473; unavailable for
// 5xx (501: not initialised, 503: perhaps sealed); rejected for all others.
[[nodiscard]] Error refusal(std::string_view path, HttpResponse response);

// Whether this status speaks of the whole server (sealed, throttled), so that asking it for
// something else right now is of no use either.
[[nodiscard]] bool concerns_whole_server(int status);

// Vault's `warnings`, one line each, at most eight.
[[nodiscard]] std::vector<std::string> warnings(const JsonObject& root);

// Somebody else's words on one line: runs of white space become one space, the rest printable().
[[nodiscard]] std::string one_line(std::string_view words, std::size_t limit = 200);

}  // namespace install_cert::vault
