// SPDX-License-Identifier: Apache-2.0
#include "installation/durability.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/installation/store_fixture.h"

namespace install_cert::installation {
namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

struct Fixture : StoreFixture {
    std::vector<std::string> verbs;  // the syncs and renames, in order

    void watch_syncs() {
        files.watch = [this](std::string_view verb) {
            if (verb.starts_with("sync") || verb == "rename") {
                verbs.emplace_back(verb);
            }
        };
    }

    [[nodiscard]] auto times(const std::string& verb) const {
        return std::ranges::count(verbs, verb);
    }
};

TEST_CASE_METHOD(Fixture,
                 "a batch is synced whole where little else waits to be written",
                 "[installation]") {
    const auto [what, unwritten, whole] = GENERATE(table<const char*, std::size_t, bool>({
        {"an idle host", 0, true},
        {"a usual one", 8 * kMegabyte, true},
        {"a busy one", 8 * kMegabyte + 1, false},
        {"a database's", 4096 * kMegabyte, false},
    }));
    INFO(what);
    REQUIRE(install(kept_set(spec, 0)));
    files.unwritten = unwritten;
    watch_syncs();
    REQUIRE(install(kept_set(spec, 1)));
    if (whole) {
        CHECK(verbs == std::vector<std::string>{"sync_file_system", "rename", "sync_file_system"});
    } else {
        // Five files, the generation, the home; the swap; the home and the directory.
        CHECK(times("sync_file_system") == 0);
        CHECK(times("sync") == 9);
        CHECK(verbs[7] == "rename");
    }
}

TEST_CASE_METHOD(Fixture,
                 "where that is not known, few sets are synced one by one",
                 "[installation]") {
    const std::size_t sets = GENERATE(as<std::size_t>{}, 1, 4, 5);
    files.refuse("unwritten_bytes", std::errc::no_such_file_or_directory);
    std::vector<role::CertificateSpec> specs;
    for (std::size_t i = 0; i < sets; ++i) {
        specs.push_back(spec_of("set" + std::to_string(i)));
    }
    std::vector<Staged> staged;
    for (const role::CertificateSpec& one : specs) {
        staged.push_back(*store.stage(one, kept_set(one, 0).set, provenance()));
    }
    watch_syncs();
    for (const auto& published : store.publish(staged)) {
        REQUIRE(published);
    }
    CHECK(times("sync_file_system") == (sets > 4 ? 2 : 0));
    CHECK((times("sync") > 0) == (sets <= 4));
}

TEST_CASE_METHOD(Fixture,
                 "where a whole sync would keep a loss to itself, each file is synced",
                 "[installation]") {
    REQUIRE(install(kept_set(spec, 0)));
    files.tells_losses = false;
    watch_syncs();
    REQUIRE(install(kept_set(spec, 1)));
    CHECK(times("sync_file_system") == 0);
    CHECK(times("sync") == 9);
}

TEST_CASE("a kernel's age is read off its release", "[installation]") {
    const auto [release, is_since] = GENERATE(table<const char*, bool>({
        {"5.8.0", true},
        {"5.10.0-26-amd64", true},
        {"6.1", true},
        {"10.0.1", true},
        {"5.7.19", false},
        {"4.19.0-26-amd64", false},
        {"5", false},
        {"5.", false},
        {"linux", false},
        {"", false},
    }));
    CAPTURE(release);
    CHECK(is_kernel_since(release, {5, 8}) == is_since);
}

TEST_CASE_METHOD(Fixture,
                 "a generation that could not be synced is thrown away",
                 "[installation][fault-57]") {
    const auto [what, unwritten, verb] = GENERATE(table<const char*, std::size_t, std::string>({
        {"one by one", 4096 * kMegabyte, "sync"},
        {"whole", 0, "sync_file_system"},
    }));
    INFO(what);
    const NewSet& first = kept_set(spec, 0);
    REQUIRE(install(first));
    const std::string old = current();
    files.unwritten = unwritten;
    const auto staged = stage(kept_set(spec, 1));
    REQUIRE(staged);
    files.refuse(verb, std::errc::io_error);
    const auto published = store.publish(std::span(&*staged, 1)).front();
    REQUIRE_FALSE(published);
    CHECK(published.error().kind == Failure::io);
    CHECK_THAT(published.error().what, Catch::Contains("Input/output error"));
    CHECK(visible() == first.view);
    CHECK(in_home() == std::vector<std::string>{old, "current"});
}

TEST_CASE_METHOD(Fixture,
                 "a swap that could not be synced is published, and known not to be durable",
                 "[installation][fault-58]") {
    const std::size_t unwritten = GENERATE(as<std::size_t>{}, 0, 4096 * kMegabyte);
    REQUIRE(install(kept_set(spec, 0)));
    const std::string old = current();
    files.unwritten = unwritten;
    const NewSet& second = kept_set(spec, 1);
    const auto staged = stage(second);
    REQUIRE(staged);
    files.watch = [this](std::string_view verb) {
        if (verb == "rename") {
            files.refuse(files.unwritten == 0 ? "sync_file_system" : "sync", std::errc::io_error);
        }
    };
    const auto published = store.publish(std::span(&*staged, 1)).front();
    REQUIRE(published);
    CHECK_FALSE(published->durable);
    CHECK(visible() == second.view);
    // What a power cut may bring back is still there.
    CHECK(published->superseded.empty());
    CHECK(fs::exists(home() / old / "etcd-member-key.pem"));
    files.watch = nullptr;
    if (unwritten != 0) {
        set_clock_after_swap(kGrace);
        CHECK_FALSE(store.collect(spec));
        CHECK(fs::exists(home() / old));
    }
    files.mend();
    set_clock_after_swap(kGrace);
    verbs.clear();
    watch_syncs();
    CHECK(*store.collect(spec) == 1);
    CHECK(verbs == std::vector<std::string>{"sync"});  // the home, before the old one went
}

TEST_CASE_METHOD(Fixture,
                 "an adoption is durable before a former file is replaced",
                 "[installation]") {
    fs::create_directories(directory());
    testing::put_content(at("etcd-member.pem"), "former");
    files.watch = [this](std::string_view verb) {
        verbs.emplace_back(verb);
        if (fs::is_symlink(at("etcd-member.pem"))) {
            verbs.emplace_back("replaced");
            files.watch = nullptr;
        }
    };
    REQUIRE(install(kept_set(spec, 0)));
    REQUIRE(verbs.back() == "replaced");
    // The batch, the copy, the copies' directory and the home; then the pointer: home, directory.
    CHECK(times("sync_file_system") == 1);
    CHECK(times("sync") == 5);
    const auto pointer = std::ranges::find(verbs.rbegin(), verbs.rend(), "sync");
    CHECK(std::distance(verbs.rbegin(), pointer) == 3);  // the link made, renamed, then "replaced"
}

}  // namespace
}  // namespace install_cert::installation
