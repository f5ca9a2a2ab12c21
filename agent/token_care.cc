// SPDX-License-Identifier: Apache-2.0
#include "agent/token_care.h"

#include <algorithm>
#include <vector>

namespace install_cert::agent {
namespace {

using namespace std::chrono_literals;

// A token that was just used for certificates is looked at an hour later: a turn of `once` asks
// exactly one request for each certificate.
constexpr std::chrono::seconds kFirstLook = 1h;
constexpr std::chrono::seconds kAfterFailure = 10min;

// Tokens that outlive the turn. A login's token ends with the worker, there is nothing to keep.
std::vector<role::Auth> lasting_tokens(const role::Role& role) {
    std::vector<role::Auth> auths;
    for (const role::CertificateSpec& spec : role.certificates) {
        if (spec.auth.method == role::AuthMethod::token &&
            std::ranges::find(auths, spec.auth) == auths.end()) {
            auths.push_back(spec.auth);
        }
    }
    return auths;
}

TokenState state_of(const vault::TokenFacts& facts, WallTime now) {
    TokenState state{
        .looked_up = now, .renewable = facts.renewable, .next_care = next_token_care(facts, now)};
    if (!facts.never_expires) {
        state.ends = now + facts.ttl;
    }
    return state;
}

TokenState cared_for(const role::Auth& auth,
                     VaultSession& session,
                     TokenState known,
                     WallTime now,
                     BootTime deadline) {
    const auto client = session.client();
    auto facts = client ? (*client)->lookup_self(auth, deadline)
                        : Result<vault::TokenFacts>(std::unexpected(client.error()));
    if (facts && facts->renewable && !facts->never_expires) {
        auto renewed = (*client)->renew_self(auth, deadline);
        if (renewed) {
            facts->ttl = renewed->ttl;
            facts->renewable = renewed->renewable;
        } else {
            TokenState state = state_of(*facts, now);
            state.last_error = renewed.error().what;
            state.next_care = std::min(state.next_care, now + kAfterFailure);
            return state;
        }
    }
    if (!facts) {
        known.last_error = facts.error().what;
        known.next_care = now + kAfterFailure;
        return known;
    }
    return state_of(*facts, now);
}

}  // namespace

std::string token_source(const role::Auth& auth) {
    return auth.token_file;
}

WallTime next_token_care(const vault::TokenFacts& facts, WallTime now) {
    if (facts.never_expires) {
        return now + 24h;
    }
    return now + std::clamp<std::chrono::seconds>(facts.ttl / 2, 1min, 24h);
}

TokenCare token_care(const role::Role& role, VaultSession& session) {
    return [auths = lasting_tokens(role), &session](State& state, WallTime now, BootTime deadline) {
        // One that left the configuration would wake the daemon again and again.
        std::erase_if(state.tokens, [&](const auto& known) {
            return std::ranges::find(auths, known.first, token_source) == auths.end();
        });
        for (const role::Auth& auth : auths) {
            const auto known = state.tokens.find(token_source(auth));
            if (known == state.tokens.end()) {
                state.tokens[token_source(auth)] =
                    TokenState{.looked_up = now, .next_care = now + kFirstLook};
            } else if (known->second.next_care <= now) {
                known->second = cared_for(auth, session, known->second, now, deadline);
            }
        }
    };
}

}  // namespace install_cert::agent
