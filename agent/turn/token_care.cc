// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/token_care.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "renewal/backoff.h"

namespace install_cert::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kFirstLook = 1min;
constexpr std::chrono::seconds kFirstLooksTake =
    2min;  // of a fleet that was given its tokens at once
constexpr std::chrono::seconds kLongestRest = 24h;
// Vault and this host both count in whole seconds.
constexpr std::chrono::seconds kRounding = 5s;
constexpr std::chrono::seconds kAfterFailure = 10min;

std::chrono::seconds share_of(std::chrono::seconds length, double share) {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::duration<double>(length) * share);
}

// The moment that no renewal moves, as far as one can be told.
std::optional<WallTime> final_end(const vault::TokenFacts& looked_up,
                                  const std::optional<vault::TokenFacts>& renewed,
                                  WallTime now) {
    if (looked_up.never_expires) {
        return std::nullopt;
    }
    if (!looked_up.renewable) {
        return now + looked_up.ttl;
    }
    if (looked_up.max_ttl_left) {
        return now + *looked_up.max_ttl_left;
    }
    const auto whole = looked_up.period > 0s ? looked_up.period : looked_up.granted;
    if (renewed && (!renewed->renewable || renewed->ttl + kRounding < whole)) {
        return now + renewed->ttl;
    }
    return std::nullopt;
}

TokenState cared_for(const role::Auth& auth,
                     VaultSession& session,
                     TokenState known,
                     WallTime now,
                     BootTime deadline) {
    const auto client = session.client();
    const auto facts = client ? (*client)->lookup_self(auth, deadline)
                              : Result<vault::TokenFacts>(std::unexpected(client.error()));
    if (!facts) {
        known.last_error = facts.error().what;
        known.next_care = now + kAfterFailure;
        return known;
    }
    if (!facts->renewable || facts->never_expires) {
        return token_state(*facts, std::nullopt, now);
    }
    const auto renewed = (*client)->renew_self(auth, deadline);
    if (renewed) {
        return token_state(*facts, *renewed, now);
    }
    TokenState state = token_state(*facts, std::nullopt, now);
    state.last_error = renewed.error().what;
    state.next_care = std::min(state.next_care, now + kAfterFailure);
    return state;
}

}  // namespace

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

std::string token_source(const role::Auth& auth) {
    return auth.token_file;
}

WallTime next_token_care(const vault::TokenFacts& facts, WallTime now) {
    if (facts.never_expires) {
        return now + kLongestRest;
    }
    return now + std::clamp<std::chrono::seconds>(facts.ttl / 2, 1min, kLongestRest);
}

bool token_care_is_due(const TokenState& known, WallTime now) {
    return known.next_care <= now || known.next_care > now + kLongestRest;
}

TokenState token_state(const vault::TokenFacts& looked_up,
                       const std::optional<vault::TokenFacts>& renewed,
                       WallTime now) {
    vault::TokenFacts facts = looked_up;
    if (renewed) {
        facts.ttl = renewed->ttl;
        facts.renewable = renewed->renewable;
    }
    TokenState state{.looked_up = now,
                     .final_end = final_end(looked_up, renewed, now),
                     .renewable = facts.renewable,
                     .next_care = next_token_care(facts, now)};
    if (!facts.never_expires) {
        state.ends = now + facts.ttl;
    }
    return state;
}

TokenCare token_care(const role::Role& role,
                     VaultSession& session,
                     std::function<double()> random) {
    return [auths = lasting_tokens(role), &session, random = std::move(random)](
               State& state, WallTime now, BootTime deadline) {
        // One that left the configuration would wake the daemon again and again.
        std::erase_if(state.tokens, [&](const auto& known) {
            return std::ranges::find(auths, known.first, token_source) == auths.end();
        });
        for (const role::Auth& auth : auths) {
            TokenState& known = state.tokens[token_source(auth)];
            const std::string version = session.token_version(auth);
            const bool is_new = known == TokenState{};
            if (is_new || (!version.empty() && version != known.version)) {
                known = {.version = version,
                         .next_care = now + kFirstLook + share_of(kFirstLooksTake, random())};
            } else if (token_care_is_due(known, now)) {
                known = cared_for(auth, session, known, now, deadline);
                known.version = version;
                known.next_care = now + renewal::routine_delay(known.next_care - now, random());
            }
        }
    };
}

}  // namespace install_cert::agent
