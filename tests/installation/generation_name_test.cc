// SPDX-License-Identifier: Apache-2.0
#include "installation/generation_name.h"

#include <catch2/catch.hpp>

#include "foundation/text.h"

namespace install_cert::installation {
namespace {

const WallTime kTime = *parse_rfc3339("2026-11-21T13:45:00Z");
constexpr std::string_view kFingerprint =
    "3f9ac2d1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

role::CertificateSpec spec_named(const std::string& name) {
    role::CertificateSpec spec;
    spec.name = name;
    return spec;
}

TEST_CASE("a generation is named by when it was written and what it holds", "[installation]") {
    CHECK(generation_name(kTime, kFingerprint, 1) == "20261121T134500Z-3f9ac2d1");
    CHECK(generation_name(kTime, kFingerprint, 2) == "20261121T134500Z-3f9ac2d1-2");
}

TEST_CASE("every name that is given to a generation is recognized", "[installation]") {
    const unsigned attempt = GENERATE(range(1U, 100U));
    CHECK(is_generation_name(generation_name(kTime, kFingerprint, attempt)));
}

TEST_CASE("what is no generation's name is not taken for one", "[installation]") {
    const auto [what, name] = GENERATE(table<const char*, std::string>({
        {"nothing", ""},
        {"the directory itself", "."},
        {"its parent", ".."},
        {"the pointer", "current"},
        {"the copies", "adopted"},
        {"the manifest", ".generation.json"},
        {"a name of an operator's", "backup"},
        {"a time alone", "20261121T134500Z"},
        {"a short fingerprint", "20261121T134500Z-3f9ac2d"},
        {"a long fingerprint", "20261121T134500Z-3f9ac2d12"},
        {"upper case", "20261121T134500Z-3F9AC2D1"},
        {"no digit in the time", "2026112xT134500Z-3f9ac2d1"},
        {"no zone", "20261121T134500_-3f9ac2d1"},
        {"an attempt of one", "20261121T134500Z-3f9ac2d1-1"},
        {"an attempt of nought", "20261121T134500Z-3f9ac2d1-0"},
        {"an attempt with a leading nought", "20261121T134500Z-3f9ac2d1-02"},
        {"an attempt without number", "20261121T134500Z-3f9ac2d1-"},
        {"an attempt that is no number", "20261121T134500Z-3f9ac2d1-x"},
        {"an endless attempt", "20261121T134500Z-3f9ac2d1-11111"},
        {"a path", "20261121T134500Z-3f9ac2d1/.."},
        {"a path in front", "../20261121T134500Z-3f9ac2d1"},
        {"a suffix", "20261121T134500Z-3f9ac2d1.bak"},
        {"an embedded NUL", std::string("20261121T134500Z-3f9ac2d1\0", 26)},
    }));
    INFO(what);
    CHECK_FALSE(is_generation_name(name));
}

TEST_CASE("only temporary names are litter", "[installation][fault-68]") {
    for (const std::string_view name : {"current.new", "link.new", "copy.new", "probe.new"}) {
        CHECK(is_litter_name(name));
    }
    for (const std::string_view name :
         {"current", "adopted", ".generation.json", "new", "x.new", "20261121T134500Z-3f9ac2d1"}) {
        CHECK_FALSE(is_litter_name(name));
    }
}

TEST_CASE("a configured name leads through the pointer of its certificate's home",
          "[installation][fault-S5]") {
    CHECK(home_name(spec_named("etcd-member")) == ".etcd-member");
    CHECK(link_target(spec_named("etcd-member"), "etcd-member-key.pem") ==
          ".etcd-member/current/etcd-member-key.pem");
}

}  // namespace
}  // namespace install_cert::installation
