// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include <catch2/catch.hpp>

#include "tests/installation/store_fixture.h"

namespace install_cert::installation {
namespace {

struct Fixture : StoreFixture {
    fs::path victim = temporary.path() / "victim";

    Fixture() {
        fs::create_directories(directory());
        testing::put_content(victim, "precious");
    }
};

using Deed = std::function<void(Fixture&)>;

TEST_CASE("what is foreign at our names is refused before anything is asked, and not touched",
          "[installation]") {
    const auto [what, deed, why] = GENERATE(table<const char*, Deed, std::string>({
        {"a link to a file",
         [](Fixture& f) { fs::create_symlink(f.victim, f.at("etcd-member.pem")); },
         "etcd-member.pem: is a link to "},
        {"a dangling link",
         [](Fixture& f) { fs::create_symlink("/nowhere", f.at("etcd-member-key.pem")); },
         "etcd-member-key.pem: is a link to /nowhere"},
        {"a link into another home",
         [](Fixture& f) { fs::create_symlink(".other/current/x", f.at("etcd-member.pem")); },
         "etcd-member.pem: is a link to .other/current/x"},
        {"a link with a line break",
         [](Fixture& f) { fs::create_symlink("a\nb", f.at("etcd-member.pem")); },
         "etcd-member.pem: is a link to a\\nb"},
        {"a directory",
         [](Fixture& f) { fs::create_directory(f.at("etcd-member-ca.pem")); },
         "etcd-member-ca.pem: is a directory"},
        {"a fifo",
         [](Fixture& f) { REQUIRE(::mkfifo(f.at("etcd-member.json").c_str(), 0666) == 0); },
         "etcd-member.json: is neither a file nor a directory"},
        {"a link in place of the home",
         [](Fixture& f) { fs::create_symlink(".", f.home()); },
         ".etcd-member: Not a directory"},
        {"a file in place of the home",
         [](Fixture& f) { testing::put_content(f.home(), ""); },
         ".etcd-member: Not a directory"},
    }));
    INFO(what);
    Fixture f;
    deed(f);
    const auto proven = f.store.prove_writable(f.spec);
    REQUIRE_FALSE(proven);
    CHECK(proven.error().kind == Failure::cannot_write);
    CHECK_THAT(proven.error().what, Catch::Contains(why));
    const auto read = f.store.read(f.spec);
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == Failure::cannot_write);
    // Also where it comes between the proof and the publication.
    const auto published = f.install(issue(f.spec));
    REQUIRE_FALSE(published);
    CHECK(testing::content_of(f.victim) == "precious");
}

TEST_CASE_METHOD(Fixture,
                 "what comes between the proof and the swap keeps the old set published",
                 "[installation]") {
    const NewSet first = issue(spec);
    REQUIRE(install(first));
    const auto staged = stage(issue(spec));
    REQUIRE(staged);
    fs::remove(at("etcd-member.json"));
    fs::create_symlink(victim, at("etcd-member.json"));
    const auto published = store.publish(std::span(&*staged, 1)).front();
    REQUIRE_FALSE(published);
    CHECK_THAT(published.error().what, Catch::Contains("etcd-member.json: is a link to "));
    CHECK(published.error().way_out == "move it out of the way, or configure another name");
    fs::remove(at("etcd-member.json"));
    View expected = first.view;
    expected.erase("etcd-member.json");
    CHECK(visible() == expected);
    CHECK_FALSE(fs::exists(home() / staged->generation));
    CHECK(testing::content_of(victim) == "precious");
}

TEST_CASE_METHOD(Fixture,
                 "the links of a certificate's former name are told from a stranger's",
                 "[installation]") {
    REQUIRE(install(issue(spec)));
    role::CertificateSpec renamed = spec;
    renamed.name = "member";
    const auto proven = store.prove_writable(renamed);
    REQUIRE_FALSE(proven);
    CHECK(proven.error().kind == Failure::cannot_write);
    CHECK_THAT(proven.error().what, Catch::EndsWith(", of another set"));
    CHECK(proven.error().way_out ==
          "'install-cert remove --former etcd-member' where 'etcd-member' is no longer configured; "
          "else move it out of the way, or configure another name");
    const auto [what, target] = GENERATE(table<std::string, std::string>({
        {"another file's", ".etcd-member/current/other.pem"},
        {"no set", ".gone/current/etcd-member-key.pem"},
        {"no name of a set", "./current/etcd-member-key.pem"},
        {"nor one that a shell should see", ".x'y/current/etcd-member-key.pem"},
        {"not hidden", "etcd-member/current/etcd-member-key.pem"},
    }));
    INFO(what);
    fs::create_directory(at(".x'y"));
    fs::remove(at("etcd-member-key.pem"));
    fs::create_symlink(target, at("etcd-member-key.pem"));
    CHECK(store.prove_writable(renamed).error().way_out ==
          "move it out of the way, or configure another name");
}

TEST_CASE_METHOD(Fixture,
                 "a link in place of `current` is never written through",
                 "[installation]") {
    const fs::path elsewhere = temporary.path() / "elsewhere";
    fs::create_directory(elsewhere);
    REQUIRE(install(issue(spec)));
    fs::remove(home() / "current");
    fs::create_symlink(elsewhere, home() / "current");
    const NewSet fresh = issue(spec);
    REQUIRE(install(fresh));
    CHECK(visible() == fresh.view);
    CHECK(fs::is_empty(elsewhere));
}

TEST_CASE_METHOD(Fixture,
                 "temporary names that are taken are freed and not followed",
                 "[installation]") {
    REQUIRE(store.prove_writable(spec));
    for (const char* name : {"probe.new", "copy.new", "link.new", "current.new"}) {
        fs::create_symlink(victim, home() / name);
    }
    testing::put_content(at("etcd-member.pem"), "former");
    const NewSet fresh = issue(spec);
    REQUIRE(install(fresh));
    CHECK(visible() == fresh.view);
    CHECK(testing::content_of(victim) == "precious");
}

TEST_CASE_METHOD(Fixture, "collecting follows no link", "[installation]") {
    REQUIRE(install(issue(spec)));
    const fs::path elsewhere = temporary.path() / "elsewhere";
    fs::create_directory(elsewhere);
    testing::put_content(elsewhere / "file", "precious");
    fs::create_symlink(elsewhere, home() / "20200101T000000Z-00000000");
    fs::create_directory(home() / "20200101T000000Z-00000001");
    fs::create_symlink(victim, home() / "20200101T000000Z-00000001/key.pem");
    set_clock_after_swap(kGrace);
    CHECK(*store.collect(spec) == 2);
    CHECK(in_home() == std::vector<std::string>{current(), "current"});
    CHECK(testing::content_of(elsewhere / "file") == "precious");
    CHECK(testing::content_of(victim) == "precious");
}

}  // namespace
}  // namespace install_cert::installation
