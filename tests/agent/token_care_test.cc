// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/token_care.h"

#include <filesystem>
#include <memory>

#include <catch2/catch.hpp>

#include "support/manual_clock.h"
#include "support/temporary_directory.h"

using namespace install_cert;
using namespace install_cert::agent;
using namespace install_cert::testing;
using namespace std::chrono_literals;

namespace {

constexpr WallTime kNow{1'795'270'000s};

vault::TokenFacts facts(std::chrono::seconds ttl) {
    vault::TokenFacts facts;
    facts.ttl = ttl;
    facts.renewable = true;
    return facts;
}

// A host with one token file. Whatever would be asked of Vault is refused at once, as nobody
// listens there.
struct Host {
    Host() {
        put_content(token, "first");
        std::filesystem::permissions(token, std::filesystem::perms::owner_read);
        role::CertificateSpec spec;
        spec.auth.method = role::AuthMethod::token;
        spec.auth.token_file = token.string();
        spec.auth.token_file_is_default = false;
        role.certificates.push_back(spec);
        role.vault.address = "http://127.0.0.1:1";
    }

    TokenState care(double random = 0) {
        VaultSession session(
            role.vault, secret_reader(Places("", ""), std::make_shared<const Secret>()), clock);
        const auto care = token_care(role, session, [random] { return random; });
        care(state, clock.now(), clock.since_boot() + BootTime{5s});
        return state.tokens.at(token.string());
    }

    TemporaryDirectory directory;
    std::filesystem::path token = directory.path() / "token";
    ManualClock clock{kNow};
    role::Role role;
    State state;
};

}  // namespace

TEST_CASE("a token's end is in sight as soon as renewing it does not move it",
          "[token_care][fault-18]") {
    struct Row {
        const char* why;
        vault::TokenFacts looked_up;
        std::optional<vault::TokenFacts> renewed;
        std::optional<std::chrono::seconds> final_end;
    };

    auto periodic = facts(1h);
    periodic.period = 2h;
    periodic.granted = 2h;
    auto plain = facts(12h);
    plain.granted = 24h;
    auto limited = facts(12h);
    limited.max_ttl_left = 100h;
    auto limited_period = periodic;
    limited_period.max_ttl_left = 48h;
    auto fixed = facts(5h);
    fixed.renewable = false;
    auto root = facts(0s);
    root.never_expires = true;
    auto no_more = facts(6h);
    no_more.renewable = false;
    const std::vector<Row> rows{
        {"periodic, renewed in full", periodic, facts(2h), std::nullopt},
        {"periodic, a second of it lost on the way", periodic, facts(2h - 1s), std::nullopt},
        {"periodic, renewed up to a longest life", limited_period, facts(2h), 48h},
        {"granted in full again", plain, facts(24h), std::nullopt},
        {"granted the rest of the mount's longest life", plain, facts(20h), 20h},
        {"granted nothing more", plain, facts(12h), 12h},
        {"renewed for the last time", plain, no_more, 6h},
        {"with a longest life of its own", limited, facts(24h), 100h},
        {"not renewable", fixed, std::nullopt, 5h},
        {"not renewed this time", plain, std::nullopt, std::nullopt},
        {"for ever", root, std::nullopt, std::nullopt},
    };
    for (const Row& row : rows) {
        INFO(row.why);
        const TokenState state = token_state(row.looked_up, row.renewed, kNow);
        CHECK(state.final_end.has_value() == row.final_end.has_value());
        if (row.final_end) {
            CHECK(state.final_end == kNow + *row.final_end);
        }
        CHECK(state.ends.has_value() == !row.looked_up.never_expires);
        CHECK(state.next_care > kNow);
        CHECK((!state.ends || state.next_care < *state.ends));
    }
}

TEST_CASE("a token is cared for when its time has come", "[token_care]") {
    CHECK(token_care_is_due({.next_care = kNow}, kNow));
    CHECK_FALSE(token_care_is_due({.next_care = kNow + 24h}, kNow));
    // The clock was set back since.
    CHECK(token_care_is_due({.next_care = kNow + 24h + 1s}, kNow));
}

TEST_CASE("a new token is left alone by its first turn and looked at a minute later",
          "[token_care]") {
    Host host;
    const TokenState first = host.care();
    CHECK(first.last_error.empty());
    CHECK(first.next_care == kNow + 1min);
    host.clock.advance(1min);
    const TokenState second = host.care();
    CHECK_FALSE(second.last_error.empty());  // it was looked at
    CHECK(second.next_care > host.clock.now());
}

TEST_CASE("hosts that were given their tokens together look at them apart, and never later",
          "[token_care]") {
    Host early;
    Host late;
    CHECK(early.care(0.999).next_care - late.care(0.0).next_care > 110s);
    early.clock.advance(3min);
    late.clock.advance(3min);
    const WallTime now = late.clock.now();
    const auto latest = late.care(0.0).next_care - now;
    const auto soonest = early.care(0.999).next_care - now;
    CHECK(soonest < latest - latest / 6);
    CHECK(soonest >= latest - latest / 5);
}

TEST_CASE("a token file that was replaced inherits nothing", "[token_care][fault-18]") {
    Host host;
    (void)host.care();
    TokenState& known = host.state.tokens.at(host.token.string());
    known.next_care = kNow + 20h;
    known.final_end = kNow + 1h;
    known.last_error = "403";
    CHECK(host.care() == known);
    put_content(host.directory.path() / "new", "second");
    std::filesystem::rename(host.directory.path() / "new", host.token);
    const TokenState fresh = host.care();
    CHECK(fresh.next_care == kNow + 1min);
    CHECK_FALSE(fresh.final_end);
    CHECK(fresh.last_error.empty());
}
