// SPDX-License-Identifier: Apache-2.0
// The words and the way out of a 403.
#include "vault/denial.h"

#include <utility>

#include "foundation/text.h"

namespace install_cert::vault {
namespace {

// The capability that each of the paths we call needs. Reads: roles and the token itself.
std::string_view capability_for(std::string_view path) {
    return path.contains("/roles/") || path.ends_with("/lookup-self") ? "read" : "update";
}

bool is_wrapping_token(const TokenFacts& facts) {
    return facts.policies.size() == 1 && facts.policies.front() == "response-wrapping";
}

}  // namespace

std::string policy_line(std::string_view path) {
    return "path \"" + std::string(path) + "\" { capabilities = [\"" +
           std::string(capability_for(path)) + "\"] }";
}

Error denial(std::string_view path,
             Error refusal,
             const Result<TokenFacts>& looked_up,
             std::string_view token_file) {
    const std::string place =
        token_file.empty() ? "in its place" : "into " + std::string(token_file);
    refusal.kind = Failure::denied;
    if (looked_up && is_wrapping_token(*looked_up)) {
        refusal.what += ": this is a response-wrapping token, not a token to work with";
        refusal.way_out = "unwrap it (`vault unwrap`) and put the token that it holds " + place;
    } else if (looked_up) {
        refusal.what += ": the token is valid, but none of its policies (" +
                        printable(join(looked_up->policies, ", ")) + ") allows it";
        refusal.way_out = policy_line(path);
    } else if (looked_up.error().kind == Failure::denied) {
        refusal.what +=
            ": the token is invalid, expired or revoked, or no policy of it allows this (nor "
            "lookup-self)";
        refusal.way_out = "put a valid token " + place +
                          ", unwrapped if it was wrapped; its policy needs: " + policy_line(path);
    } else {
        refusal.way_out = "the token's policy needs: " + policy_line(path);
    }
    return refusal;
}

}  // namespace install_cert::vault
