// SPDX-License-Identifier: Apache-2.0
#include "x509/chain.h"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/test_authority.h"

using namespace install_cert;
using namespace install_cert::x509;
using namespace install_cert::testing;
using namespace std::chrono_literals;

using Terms = TestAuthority::Terms;

namespace {

std::vector<Certificate> all_of(std::initializer_list<const TestAuthority*> authorities) {
    std::vector<Certificate> all;
    for (const TestAuthority* const authority : authorities) {
        all.push_back(authority->certificate());
    }
    return all;
}

Certificate leaf_of(const TestAuthority& authority, const Plan& plan = {}) {
    return parsed(authority.issue(plan, TestKey("P-256", 9)));
}

Result<> verified(const Certificate& leaf,
                  const std::vector<Certificate>& intermediates,
                  const std::vector<Certificate>& anchors) {
    return verify_chain(
        {.leaf = leaf, .intermediates = intermediates, .anchors = anchors, .at = kNow});
}

// `length` authorities below a root, the last of which issues.
std::vector<TestAuthority> line_of(int length) {
    std::vector<TestAuthority> line{TestAuthority::root("Root")};
    for (int i = 1; i <= length; ++i) {
        line.push_back(
            line.back().intermediate("Level " + std::to_string(i), Terms{.which = 20 + i}));
    }
    return line;
}

}  // namespace

TEST_CASE("a leaf of every kind of authority leads to it", "[x509][chain]") {
    const std::string kind =
        GENERATE("rsa2048", "rsa3072", "rsa4096", "P-256", "P-384", "P-521", "ed25519");
    CAPTURE(kind);
    const TestAuthority root = TestAuthority::root("Root", Terms{.key = kind});
    CHECK(verified(leaf_of(root), {}, all_of({&root})));
}

TEST_CASE("a leaf leads over an intermediate to its root, or to the intermediate alone",
          "[x509][chain]") {
    const TestAuthority root = TestAuthority::root("Root");
    const TestAuthority issuing = root.intermediate("Issuing", Terms{.which = 1});
    const TestAuthority stranger = TestAuthority::root("Stranger", Terms{.which = 2});
    const Certificate leaf = leaf_of(issuing);
    CHECK(verified(leaf, all_of({&issuing}), all_of({&root})));
    CHECK(verified(leaf, {}, all_of({&issuing})));
    CHECK(verified(leaf, all_of({&stranger, &issuing, &issuing, &root}), all_of({&root})));
    CHECK(verified(leaf, {}, all_of({&stranger, &issuing, &root})));
}

TEST_CASE("a chain that does not hold is refused with the certificate at fault",
          "[x509][chain][fault-47]") {
    const TestAuthority root = TestAuthority::root("Root");
    const TestAuthority issuing = root.intermediate("Issuing", Terms{.which = 1});
    const TestAuthority impostor = TestAuthority::root("Root", Terms{.which = 2});
    const TestAuthority expired =
        root.intermediate("Expired", Terms{.which = 3, .not_after = kNow - 1s});
    const TestAuthority future =
        root.intermediate("Future", Terms{.which = 3, .not_before = kNow + 1s});
    const TestAuthority old_root = TestAuthority::root("Old", Terms{.not_after = kNow - 1s});
    const TestAuthority weak = root.intermediate("Weak", Terms{.key = "rsa1024"});
    const TestAuthority sha1 = root.intermediate("Sha1", Terms{.which = 3, .digest = "SHA1"});
    Plan forged;
    forged.forger = TestKey("P-256", 8);
    Plan late;
    late.not_after = kNow - 1s;
    Plan critical;
    critical.extensions = {{"1.2.3.4", "critical,DER:05:00"}};

    struct Row {
        std::string what;
        Certificate leaf;
        std::vector<Certificate> intermediates;
        std::vector<Certificate> anchors;
        std::string why;
    };

    std::vector<Row> rows;
    const auto row = [&rows](std::string what,
                             Certificate leaf,
                             std::vector<Certificate> intermediates,
                             std::vector<Certificate> anchors,
                             std::string why) {
        rows.push_back({std::move(what),
                        std::move(leaf),
                        std::move(intermediates),
                        std::move(anchors),
                        std::move(why)});
    };
    row("no anchor", leaf_of(root), {}, {}, "unable to get local issuer");
    row("intermediate missing",
        leaf_of(issuing),
        {},
        all_of({&root}),
        "unable to get local issuer");
    row("an impostor of the same name", leaf_of(root), {}, all_of({&impostor}), "CN=node");
    row("root only sent along", leaf_of(root), all_of({&root}), {}, "CN=Root");
    row("forged leaf",
        leaf_of(root, forged),
        {},
        all_of({&root}),
        "signature failure (at 'CN=node')");
    row("expired leaf", leaf_of(root, late), {}, all_of({&root}), "has expired (at 'CN=node')");
    row("expired intermediate",
        leaf_of(expired),
        all_of({&expired}),
        all_of({&root}),
        "has expired (at 'CN=Expired')");
    row("intermediate of the future",
        leaf_of(future),
        all_of({&future}),
        all_of({&root}),
        "not yet valid (at 'CN=Future')");
    row("expired root", leaf_of(old_root), {}, all_of({&old_root}), "has expired (at 'CN=Old')");
    row("weak intermediate", leaf_of(weak), all_of({&weak}), all_of({&root}), "too weak");
    row("SHA-1 intermediate", leaf_of(sha1), all_of({&sha1}), all_of({&root}), "too weak");
    row("critical extension",
        leaf_of(root, critical),
        {},
        all_of({&root}),
        "unhandled critical extension (at 'CN=node')");
    for (const Row& one : rows) {
        CAPTURE(one.what);
        const auto result = verified(one.leaf, one.intermediates, one.anchors);
        REQUIRE_FALSE(result);
        CHECK(result.error().kind == Failure::rejected);
        CHECK_THAT(result.error().what, Catch::Contains(one.why));
    }
}

TEST_CASE("a leaf is no authority for another", "[x509][chain]") {
    const TestAuthority root = TestAuthority::root("Root");
    const TestKey key("P-256", 4);
    Plan plan;
    plan.common_name = "rogue";
    const Certificate rogue = parsed(root.issue(plan, key));
    Plan below;
    below.common_name = "victim";
    below.forger = key;
    // Issued in the name of the rogue leaf, whose key signs.
    const TestAuthority pretended = TestAuthority::root("rogue", Terms{.which = 4});
    const Certificate victim = parsed(pretended.issue(below, TestKey("P-256", 5)));
    std::vector<Certificate> intermediates;
    intermediates.push_back(rogue.clone());
    const auto result = verified(victim, intermediates, all_of({&root}));
    REQUIRE_FALSE(result);
    CHECK_THAT(result.error().what, Catch::Contains("CN=rogue"));
}

TEST_CASE("a chain has eight links at most", "[x509][chain][fault-S8]") {
    const int length = GENERATE(0, 1, 7, 8);
    CAPTURE(length);
    const std::vector<TestAuthority> line = line_of(length);
    const Certificate leaf = leaf_of(line.back());
    std::vector<Certificate> intermediates;
    for (std::size_t i = 1; i < line.size(); ++i) {
        intermediates.push_back(line[i].certificate());
    }
    CHECK(verified(leaf, intermediates, all_of({&line.front()})).has_value() == (length < 8));
}

TEST_CASE("the intermediates follow each other whatever way they come", "[x509][chain][fault-49]") {
    const std::vector<TestAuthority> line = line_of(3);
    const TestAuthority stranger = TestAuthority::root("Stranger", Terms{.which = 2});
    const Certificate leaf = leaf_of(line[3]);
    std::vector<Certificate> pool =
        all_of({&line[0], &line[2], &stranger, &line[3], &line[1], &line[2]});
    pool.push_back(leaf.clone());
    const std::string expected = line[3].pem() + line[2].pem() + line[1].pem();
    CHECK(to_pem(ordered_intermediates(leaf, pool)) == expected);
    std::ranges::reverse(pool);
    CHECK(to_pem(ordered_intermediates(leaf, pool)) == expected);
}

TEST_CASE("there is no intermediate where the root issues", "[x509][chain]") {
    const TestAuthority root = TestAuthority::root("Root");
    const TestAuthority other = root.intermediate("Other", Terms{.which = 1});
    CHECK(ordered_intermediates(leaf_of(root), all_of({&root, &other})).empty());
    CHECK(ordered_intermediates(leaf_of(root), {}).empty());
}

TEST_CASE("a new root that the old one certified is sent along for those who know the old one",
          "[x509][chain]") {
    const TestAuthority old_root = TestAuthority::root("Old Root");
    const TestAuthority new_root = TestAuthority::root("New Root", Terms{.which = 1});
    const TestAuthority cross = old_root.cross_signed(new_root, Terms{.serial = "20"});
    const Certificate leaf = leaf_of(new_root);
    const auto intermediates = ordered_intermediates(leaf, all_of({&new_root, &cross, &old_root}));
    CHECK(to_pem(intermediates) == cross.pem());
    CHECK(verified(leaf, intermediates, all_of({&old_root})));
    CHECK(verified(leaf, intermediates, all_of({&new_root})));
}

TEST_CASE("of two certificates of one issuer the longer lasting is taken", "[x509][chain]") {
    const TestAuthority root = TestAuthority::root("Root");
    const TestAuthority issuing =
        root.intermediate("Issuing", Terms{.which = 1, .not_after = kNow + 100h});
    const TestAuthority renewed =
        root.cross_signed(issuing, Terms{.not_after = kNow + 200h, .serial = "21"});
    const Certificate leaf = leaf_of(issuing);
    CHECK(to_pem(ordered_intermediates(leaf, all_of({&issuing, &renewed}))) == renewed.pem());
    CHECK(to_pem(ordered_intermediates(leaf, all_of({&renewed, &issuing}))) == renewed.pem());
}

TEST_CASE("authorities that certify each other end somewhere", "[x509][chain]") {
    const TestAuthority a = TestAuthority::root("A");
    const TestAuthority b = TestAuthority::root("B", Terms{.which = 1});
    const TestAuthority a_by_b = b.cross_signed(a, Terms{.serial = "30"});
    const TestAuthority b_by_a = a.cross_signed(b, Terms{.serial = "31"});
    const auto intermediates = ordered_intermediates(leaf_of(a), all_of({&a_by_b, &b_by_a}));
    CHECK(to_pem(intermediates) == a_by_b.pem() + b_by_a.pem());
}
