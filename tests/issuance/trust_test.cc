// SPDX-License-Identifier: Apache-2.0
#include "issuance/trust.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/test_authority.h"

using namespace install_cert;
using namespace install_cert::issuance;
using namespace install_cert::testing;
using namespace std::chrono_literals;

using Terms = TestAuthority::Terms;

namespace {

constexpr auto kKeep = 720h;

// The authorities of the tables by a letter each.
const TestAuthority& authority(char letter) {
    static const TestAuthority old_root = TestAuthority::root("Old");
    static const TestAuthority new_root = TestAuthority::root("New", Terms{.which = 1});
    static const TestAuthority same_name = TestAuthority::root("Old", Terms{.which = 2});
    static const TestAuthority reissued =
        TestAuthority::root("Old", Terms{.not_after = kNow + 9000h, .serial = "11"});
    static const TestAuthority expired =
        TestAuthority::root("Expired", Terms{.which = 3, .not_after = kNow - 1s});
    static const TestAuthority ends_now =
        TestAuthority::root("Ends", Terms{.which = 3, .not_after = kNow});
    static const TestAuthority cross = old_root.cross_signed(new_root, Terms{.serial = "12"});
    switch (letter) {
        case 'o':
            return old_root;
        case 'n':
            return new_root;
        case 's':
            return same_name;
        case 'r':
            return reissued;
        case 'e':
            return expired;
        case '0':
            return ends_now;
        default:
            return cross;
    }
}

struct Seen {
    char letter;
    std::chrono::seconds ago;
};

std::vector<TrustedAuthority> installed_of(const std::vector<Seen>& all) {
    std::vector<TrustedAuthority> trust;
    for (const Seen& one : all) {
        trust.push_back(
            {.certificate = authority(one.letter).certificate(), .last_seen = kNow - one.ago});
    }
    return trust;
}

std::vector<x509::Certificate> presented_of(const std::string& letters) {
    std::vector<x509::Certificate> all;
    for (const char letter : letters) {
        all.push_back(authority(letter).certificate());
    }
    return all;
}

// Letter and age of each, such as "n0 o3600".
std::string told(const std::vector<TrustedAuthority>& trust) {
    std::string text;
    for (const TrustedAuthority& one : trust) {
        for (const char letter : std::string("onsre0c")) {
            if (authority(letter).pem() == one.certificate.pem()) {
                text += (text.empty() ? "" : " ") + std::string(1, letter) +
                        std::to_string((kNow - one.last_seen).count());
            }
        }
    }
    return text;
}

}  // namespace

TEST_CASE("the trust file holds what the mount presents and what was seen within a ttl",
          "[issuance][trust][fault-S17]") {
    const auto [what, installed, presented, expected] =
        GENERATE(table<std::string, std::vector<Seen>, std::string, std::string>({
            {"nothing anywhere", std::vector<Seen>{}, "", ""},
            {"first installation", std::vector<Seen>{}, "o", "o0"},
            {"the mount's order", std::vector<Seen>{}, "no", "n0 o0"},
            {"presented twice", std::vector<Seen>{}, "noon", "n0 o0"},
            {"unchanged, seen anew", {{'o', 1h}}, "o", "o0"},
            {"rotation: the old one stays, behind", {{'o', 1h}}, "n", "n0 o3600"},
            {"rotation: both at the mount", {{'o', 1h}}, "no", "n0 o0"},
            {"the last second of a ttl", {{'o', kKeep}}, "n", "n0 o2592000"},
            {"a second more", {{'o', kKeep + 1s}}, "n", "n0"},
            {"long gone, but back", {{'o', 9 * kKeep}}, "o", "o0"},
            {"seen in the future: the clock was set back", {{'o', -1h}}, "n", "n0 o-3600"},
            {"an old one that has expired", {{'e', 1h}}, "n", "n0"},
            {"an old one that expires now", {{'0', 1h}}, "n", "n0"},
            {"an expired one that is presented", std::vector<Seen>{}, "e", "e0"},
            {"same subject, other key", {{'o', 1h}}, "s", "s0 o3600"},
            {"same key, new certificate", {{'o', 1h}}, "r", "r0 o3600"},
            {"cross-signed one beside the root", {{'n', 1h}}, "c", "c0 n3600"},
            {"back after a rotation", {{'n', 1h}, {'o', 2h}}, "o", "o0 n3600"},
            {"the mount is silent", {{'n', 1h}, {'o', 2h}}, "", "n3600 o7200"},
            {"installed twice", {{'o', 1h}, {'o', 2h}}, "n", "n0 o3600"},
        }));
    CAPTURE(what);
    CHECK(told(merged_trust(installed_of(installed), presented_of(presented), kNow, kKeep)) ==
          expected);
}

TEST_CASE("a leaf is trusted by whoever its chain leads to", "[issuance][trust]") {
    const auto [what, issuer, intermediates, trust, expected] =
        GENERATE(table<std::string, char, std::string, std::string, bool>({
            {"its issuer", 'o', "", "o", true},
            {"its issuer among others", 'o', "", "no", true},
            {"nobody", 'o', "", "", false},
            {"another", 'n', "", "o", false},
            {"one of the same name and another key", 'o', "", "s", false},
            {"a new certificate of the same key", 'o', "", "r", true},
            {"through the cross-signed one", 'n', "c", "o", true},
            {"by the cross-signed one itself", 'n', "", "c", true},
            {"without the cross-signed one", 'n', "", "o", false},
            {"its issuer, expired", 'e', "", "e", false},
        }));
    CAPTURE(what);
    Plan plan;
    const x509::Certificate leaf = parsed(authority(issuer).issue(plan, TestKey("P-256", 9)));
    std::vector<Seen> seen;
    for (const char letter : trust) {
        seen.push_back({.letter = letter, .ago = 0s});
    }
    CHECK(is_trusted(leaf, presented_of(intermediates), installed_of(seen), kNow) == expected);
}

TEST_CASE("every leaf is trusted all through a rotation", "[issuance][trust][fault-50]") {
    // Old leaves live for one ttl; the mount turns to the new authority in between.
    const auto old_leaf = parsed(authority('o').issue(Plan{}, TestKey("P-256", 9)));
    const auto new_leaf = parsed(authority('n').issue(Plan{}, TestKey("P-256", 9)));
    auto trust = merged_trust({}, presented_of("o"), kNow, kKeep);
    trust = merged_trust(trust, presented_of("no"), kNow + 1h, kKeep);
    CHECK(is_trusted(old_leaf, {}, trust, kNow + 1h));
    CHECK(is_trusted(new_leaf, {}, trust, kNow + 1h));
    trust = merged_trust(trust, presented_of("n"), kNow + 719h, kKeep);
    CHECK(is_trusted(old_leaf, {}, trust, kNow + 719h));
    CHECK(is_trusted(new_leaf, {}, trust, kNow + 719h));
    trust = merged_trust(trust, presented_of("n"), kNow + 1h + kKeep + 1s, kKeep);
    CHECK(trust.size() == 1);
    CHECK_FALSE(is_trusted(old_leaf, {}, trust, kNow + 1h));
}
