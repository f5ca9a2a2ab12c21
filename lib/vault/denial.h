// SPDX-License-Identifier: Apache-2.0
// What to say of a 403: Vault answers a dead token and a missing policy line with the same words.
#pragma once

#include <string>
#include <string_view>

#include "foundation/result.h"
#include "vault/token_messages.h"

namespace install_cert::vault {

// path "kluster/pki/issue/web" { capabilities = ["update"] }
[[nodiscard]] std::string policy_line(std::string_view path);

// `refusal`, explained by what the token said of itself: `looked_up` is lookup-self's result,
// itself Failure::denied for a token that is dead, or alive without the right to look itself up.
// `token_file` is empty for the token of a login.
[[nodiscard]] Error denial(std::string_view path,
                           Error refusal,
                           const Result<TokenFacts>& looked_up,
                           std::string_view token_file);

}  // namespace install_cert::vault
