// SPDX-License-Identifier: Apache-2.0
#include "installation/manifest.h"

#include <catch2/catch.hpp>

#include "foundation/text.h"

namespace install_cert::installation {
namespace {

const WallTime kTime = *parse_rfc3339("2026-11-21T13:45:00Z");

Manifest full_manifest() {
    return Manifest{
        .name = "etcd-member",
        .provenance = {.request_digest = "aa",
                       .received = kTime,
                       .boot_id = "6f8c1d9e-0000-4000-8000-000000000001"},
        .leaf = "-----BEGIN CERTIFICATE-----\nleaf\n-----END CERTIFICATE-----\n",
        .intermediates = {"one\n", "two\n"},
        .trust = {{.certificate = "ca\n", .last_seen = kTime},
                  {.certificate = "old ca\n", .last_seen = kTime - std::chrono::days{3}}},
        .files = {.ca = "ca.pem",
                  .certificate = "cert.pem",
                  .key = "key.pem",
                  .response = "bundle.json"}};
}

void check_equal(const Manifest& a, const Manifest& b) {
    CHECK(a.name == b.name);
    CHECK(a.provenance.request_digest == b.provenance.request_digest);
    CHECK(a.provenance.received == b.provenance.received);
    CHECK(a.provenance.boot_id == b.provenance.boot_id);
    CHECK(a.leaf == b.leaf);
    CHECK(a.intermediates == b.intermediates);
    REQUIRE(a.trust.size() == b.trust.size());
    for (std::size_t i = 0; i < a.trust.size(); ++i) {
        CHECK(a.trust[i].certificate == b.trust[i].certificate);
        CHECK(a.trust[i].last_seen == b.trust[i].last_seen);
    }
    CHECK(a.files == b.files);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

TEST_CASE("a manifest is read back as it was written", "[installation]") {
    const auto parsed = parse_manifest(to_json(full_manifest()));
    REQUIRE(parsed);
    check_equal(*parsed, full_manifest());
}

TEST_CASE("a manifest tells which files are not kept", "[installation]") {
    Manifest manifest = full_manifest();
    manifest.files = {.ca = std::nullopt,
                      .certificate = "cert.pem",
                      .key = std::nullopt,
                      .response = std::nullopt};
    manifest.intermediates.clear();
    manifest.trust.clear();
    const auto parsed = parse_manifest(to_json(manifest));
    REQUIRE(parsed);
    check_equal(*parsed, manifest);
}

TEST_CASE("a manifest of a later program with more in it is read", "[installation]") {
    const std::string json =
        replaced(to_json(full_manifest()), "{", R"({"later": {"a": [1, null]},)");
    const auto parsed = parse_manifest(json);
    REQUIRE(parsed);
    check_equal(*parsed, full_manifest());
}

TEST_CASE("a manifest that is cut anywhere is refused", "[installation]") {
    const std::string json = to_json(full_manifest());
    // Up to the closing brace; only the line end after it may be missing.
    for (std::size_t size = 0; size + 1 < json.size(); ++size) {
        CAPTURE(size);
        REQUIRE_FALSE(parse_manifest(std::string_view(json).substr(0, size)));
    }
}

TEST_CASE("a manifest that makes no sense is refused with a reason", "[installation]") {
    const std::string good = to_json(full_manifest());
    const auto [what, json, why] = GENERATE_COPY(table<const char*, std::string, const char*>({
        {"empty", "", "no JSON"},
        {"zeroes, as a crash leaves them", std::string(512, '\0'), "no JSON"},
        {"a list", "[]", "no JSON object"},
        {"text after it", good + "x", "no JSON"},
        {"not UTF-8", replaced(good, "leaf\\n", "\xff"), "no JSON"},
        {"a million levels", std::string(500'000, '['), "no JSON"},
        {"huge", std::string(kManifestLimit, ' ') + good, "more than 1 MiB"},
        {"no version", replaced(good, "\"version\": 1,", ""), "version"},
        {"another version", replaced(good, "\"version\": 1", "\"version\": 2"), "version"},
        {"a version in words", replaced(good, "\"version\": 1", "\"version\": \"1\""), "version"},
        {"no leaf", replaced(good, "\"leaf\"", "\"loaf\""), "'leaf'"},
        {"a leaf of another type",
         replaced(good, "\"name\": \"etcd-member\"", "\"name\": 7"),
         "'name'"},
        {"a time that is none", replaced(good, "2026-11-21T13:45:00Z", "yesterday"), "'received'"},
        {"no boot id", replaced(good, "\"boot_id\"", "\"boot\""), "'boot_id'"},
        {"files as a list", replaced(good, "\"files\": {", "\"files\": [], \"x\": {"), "'files'"},
        {"a file that is no name", replaced(good, "\"ca.pem\"", "null"), "'ca'"},
        {"a file that lies elsewhere", replaced(good, "ca.pem", "../ca.pem"), "'ca'"},
        {"a name that ends within", replaced(good, "ca.pem", "ca\\u0000.pem"), "'ca'"},
        {"intermediates as text",
         replaced(good, "\"intermediates\": [", "\"intermediates\": \"\", \"x\": ["),
         "'intermediates'"},
        {"an intermediate that is no text", replaced(good, "\"one\\n\"", "1"), "'intermediates'"},
        {"trust that is missing", replaced(good, "\"trust\"", "\"truss\""), "'trust'"},
        {"an authority that is text",
         replaced(good, "\"trust\": [", "\"trust\": [\"x\", "),
         "'trust'"},
        {"an authority never seen", replaced(good, "\"last_seen\"", "\"seen\""), "'last_seen'"},
        {"more certificates than any chain",
         replaced(
             good,
             "\"one\\n\"",
             "\"1\"" +
                 [] {
                     std::string more;
                     for (int i = 0; i < 100; ++i) {
                         more += ", \"x\"";
                     }
                     return more;
                 }()),
         "'intermediates'"},
    }));
    INFO(what);
    const auto parsed = parse_manifest(json);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == Failure::io);
    CHECK_THAT(parsed.error().what, Catch::Contains(why));
}

}  // namespace
}  // namespace install_cert::installation
