// SPDX-License-Identifier: Apache-2.0
#include "installation/adoption.h"

#include <catch2/catch.hpp>

#include "tests/installation/store_fixture.h"

namespace install_cert::installation {
namespace {

// A host on which a script of former times has left its files.
struct Fixture : StoreFixture {
    View former{{"etcd-member-ca.pem", "former ca"},
                {"etcd-member-key.pem", "former key"},
                {"etcd-member.pem", "former certificate"}};

    Fixture() {
        fs::create_directories(directory());
        for (const auto& [name, content] : former) {
            testing::put_content(at(name), content);
        }
        fs::permissions(at("etcd-member-key.pem"), fs::perms{0640});
        fs::permissions(at("etcd-member-ca.pem"), fs::perms{0604});
    }

    [[nodiscard]] fs::path kept(const std::string& name) const { return home() / "adopted" / name; }
};

TEST_CASE_METHOD(Fixture,
                 "files that lay at our names are replaced and kept aside",
                 "[installation]") {
    const NewSet fresh = issue(spec);
    const auto published = install(fresh);
    REQUIRE(published);
    CHECK(visible() == fresh.view);
    for (const auto& [name, content] : former) {
        CHECK(testing::content_of(kept(name)) == content);
    }
    CHECK(mode_of(kept("etcd-member-key.pem")) == 0640);
    CHECK(mode_of(kept("etcd-member-ca.pem")) == 0604);
    CHECK(published->superseded.empty());
    REQUIRE(published->remarks.size() == 3);
    CHECK(published->remarks[0] == "adopted " + at("etcd-member-key.pem").string() +
                                       ": what it was is kept in " + (home() / "adopted").string());
}

TEST_CASE_METHOD(Fixture,
                 "nothing changes at our names before there is something to publish",
                 "[installation]") {
    REQUIRE(store.prove_writable(spec));
    REQUIRE(stage(issue(spec)));
    CHECK(visible() == former);
    CHECK_FALSE(fs::is_symlink(at("etcd-member.pem")));
    CHECK_FALSE(*store.read(spec));
}

TEST_CASE_METHOD(Fixture, "the copies are no second names of the former files", "[installation]") {
    struct stat before{};
    REQUIRE(::stat(at("etcd-member.pem").c_str(), &before) == 0);
    REQUIRE(install(issue(spec)));
    struct stat after{};
    REQUIRE(::stat(kept("etcd-member.pem").c_str(), &after) == 0);
    CHECK(after.st_ino != before.st_ino);
}

TEST_CASE_METHOD(Fixture,
                 "readers find the former set or the new one at each step of an adoption",
                 "[installation]") {
    const NewSet fresh = issue(spec);
    const auto staged = stage(fresh);
    REQUIRE(staged);
    bool was_new = false;
    files.watch = [&](std::string_view verb) {
        CAPTURE(verb);
        View view = visible();
        view.erase("etcd-member.json");  // which was not there before
        View expected = was_new ? fresh.view : former;
        expected.erase("etcd-member.json");
        if (!was_new && view != expected) {
            was_new = true;
            expected = fresh.view;
            expected.erase("etcd-member.json");
        }
        CHECK(view == expected);
    };
    REQUIRE(store.publish(std::span(&*staged, 1)).front());
    CHECK(was_new);
}

TEST_CASE_METHOD(Fixture, "a former file is kept once", "[installation]") {
    REQUIRE(install(issue(spec)));
    fs::remove(at("etcd-member.pem"));
    testing::put_content(at("etcd-member.pem"), "by hand");
    const NewSet fresh = issue(spec);
    REQUIRE(install(fresh));
    CHECK(visible() == fresh.view);
    CHECK(testing::content_of(kept("etcd-member.pem")) == "former certificate");
}

TEST_CASE_METHOD(StoreFixture,
                 "a file that took the place of a link is kept aside",
                 "[installation]") {
    const NewSet first = issue(spec);
    REQUIRE(install(first));
    fs::remove(at("etcd-member.pem"));
    testing::put_content(at("etcd-member.pem"), "by hand");
    SECTION("when the set is repaired") {
        const auto repaired = store.repair(spec);
        REQUIRE(repaired);
        CHECK(visible() == first.view);
    }
    SECTION("when the set is renewed") {
        const NewSet second = issue(spec);
        REQUIRE(install(second));
        CHECK(visible() == second.view);
    }
    CHECK(testing::content_of(home() / "adopted/etcd-member.pem") == "by hand");
    CHECK(installed().drift.empty());
}

TEST_CASE_METHOD(Fixture,
                 "files that were put back after `current` was lost are adopted anew",
                 "[installation]") {
    REQUIRE(install(issue(spec)));
    fs::remove_all(home() / current());
    for (const auto& [name, content] : former) {
        fs::remove(at(name));
        testing::put_content(at(name), "restored " + content);
    }
    const NewSet fresh = issue(spec);
    REQUIRE(install(fresh));
    CHECK(visible() == fresh.view);
    CHECK(testing::content_of(kept("etcd-member.pem")) == "restored former certificate");
}

TEST_CASE_METHOD(Fixture,
                 "what is far too large for a certificate is not adopted",
                 "[installation]") {
    testing::put_content(at("etcd-member.pem"), std::string((4U << 20) + 1, 'x'));
    const auto published = install(issue(spec));
    REQUIRE_FALSE(published);
    CHECK_THAT(published.error().what, Catch::Contains("etcd-member.pem: File too large"));
    CHECK_FALSE(fs::is_symlink(at("etcd-member.pem")));
    CHECK(testing::content_of(at("etcd-member-key.pem")) == "former key");
}

TEST_CASE_METHOD(Fixture, "a removal puts back what was there before", "[installation]") {
    REQUIRE(install(issue(spec)));
    REQUIRE(install(issue(spec)));
    const auto removed = store.remove(spec);
    REQUIRE(removed);
    CHECK(removed->size() == former.size());
    CHECK(removed->front().starts_with("put back " + directory().string()));
    for (const auto& [name, content] : former) {
        CHECK_FALSE(fs::is_symlink(at(name)));
        CHECK(testing::content_of(at(name)) == content);
    }
    CHECK(mode_of(at("etcd-member-key.pem")) == 0640);
    CHECK_FALSE(fs::exists(home()));
    REQUIRE(store.remove(spec));
    CHECK(testing::content_of(at("etcd-member.pem")) == "former certificate");
}

TEST_CASE_METHOD(Fixture,
                 "what was there before is left aside where its name is taken by now",
                 "[installation]") {
    REQUIRE(install(issue(spec)));
    fs::remove(at("etcd-member.pem"));
    testing::put_content(at("etcd-member.pem"), "by hand");
    const auto removed = store.remove(spec);
    REQUIRE(removed);
    CHECK(testing::content_of(at("etcd-member.pem")) == "by hand");
    CHECK(testing::content_of(kept("etcd-member.pem")) == "former certificate");
    CHECK(testing::content_of(at("etcd-member-ca.pem")) == "former ca");
    CHECK(std::ranges::count(*removed,
                             kept("etcd-member.pem").string() +
                                 " was left: another file has its name by now") == 1);
}

TEST_CASE_METHOD(Fixture,
                 "a removal that is cut anywhere loses nothing that was there before",
                 "[installation][cut]") {
    REQUIRE(install(issue(spec)));
    const std::size_t n = GENERATE(range<std::size_t>(1, 40));
    files.cut_at(n, testing::Cut::stops_everything);
    (void)store.remove(spec);
    files.mend();
    REQUIRE(store.remove(spec));
    for (const auto& [name, content] : former) {
        CHECK(testing::content_of(at(name)) == content);
    }
    CHECK_FALSE(fs::exists(home()));
}

}  // namespace
}  // namespace install_cert::installation
