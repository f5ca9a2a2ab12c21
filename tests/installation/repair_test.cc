// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include <catch2/catch.hpp>

#include "tests/installation/store_fixture.h"
#include "tests/support/disguised_file_system.h"

namespace install_cert::installation {
namespace {

struct Fixture : StoreFixture {
    NewSet fresh = issue(spec);

    Fixture() { REQUIRE(install(fresh)); }

    [[nodiscard]] fs::path inner(const std::string& name) const {
        return home() / current() / name;
    }

    void put(const std::string& name, const std::string& content) const {
        testing::put_content(inner(name), content);
    }
};

using Deed = std::function<void(Fixture&)>;

TEST_CASE("a set that does not serve any more is told with the reason",
          "[installation][fault-54]") {
    const auto [what, deed, damage] = GENERATE(table<const char*, Deed, std::string>({
        {"the key was deleted",
         [](Fixture& f) { fs::remove(f.inner("etcd-member-key.pem")); },
         "etcd-member-key.pem is missing"},
        {"the key was emptied",
         [](Fixture& f) { f.put("etcd-member-key.pem", ""); },
         "etcd-member-key.pem is no private key any more"},
        {"the key is another's",
         [](Fixture& f) {
             f.put("etcd-member-key.pem", issue(f.spec).view.at("etcd-member-key.pem"));
         },
         "etcd-member-key.pem does not match the certificate"},
        {"the certificate was edited",
         [](Fixture& f) { f.put("etcd-member.pem", "x"); },
         "etcd-member.pem was changed by hand"},
        {"the certificate is another's",
         [](Fixture& f) { f.put("etcd-member.pem", issue(f.spec).view.at("etcd-member.pem")); },
         "etcd-member.pem was changed by hand"},
        {"an authority was added by hand",
         [](Fixture& f) {
             f.put("etcd-member-ca.pem", authority().pem() + later_authority().pem());
         },
         "etcd-member-ca.pem was changed by hand"},
        {"the trust file was deleted",
         [](Fixture& f) { fs::remove(f.inner("etcd-member-ca.pem")); },
         "etcd-member-ca.pem is missing"},
        {"the answer was deleted",
         [](Fixture& f) { fs::remove(f.inner("etcd-member.json")); },
         "etcd-member.json is missing"},
        {"the answer was emptied",
         [](Fixture& f) { f.put("etcd-member.json", ""); },
         "etcd-member.json is empty"},
        {"the key became a link",
         [](Fixture& f) {
             fs::rename(f.inner("etcd-member-key.pem"), f.at("moved"));
             fs::create_symlink("../../moved", f.inner("etcd-member-key.pem"));
         },
         "etcd-member-key.pem is no file that can be read"},
        {"the key became a directory",
         [](Fixture& f) {
             fs::remove(f.inner("etcd-member-key.pem"));
             fs::create_directory(f.inner("etcd-member-key.pem"));
         },
         "etcd-member-key.pem is no file that can be read"},
    }));
    INFO(what);
    Fixture f;
    deed(f);
    CHECK(f.installed().damage == damage);
    // Not repaired without issuing, and healed by a renewal.
    CHECK(f.store.repair(f.spec)->empty());
    const NewSet next = issue(f.spec);
    REQUIRE(f.install(next));
    CHECK(f.visible() == next.view);
    CHECK(f.installed().damage.empty());
}

TEST_CASE("a generation that makes no sense counts as nothing and is replaced", "[installation]") {
    const auto [what, deed] = GENERATE(table<const char*, Deed>({
        {"no manifest", [](Fixture& f) { fs::remove(f.inner(".generation.json")); }},
        {"an empty manifest", [](Fixture& f) { f.put(".generation.json", ""); }},
        {"a manifest of zeroes",
         [](Fixture& f) { f.put(".generation.json", std::string(900, '\0')); }},
        {"a manifest of another certificate",
         [](Fixture& f) {
             std::string text = testing::content_of(f.inner(".generation.json"));
             text.replace(text.find("etcd-member"), 11, "other-thing");
             f.put(".generation.json", text);
         }},
        {"a leaf that is no certificate",
         [](Fixture& f) {
             std::string text = testing::content_of(f.inner(".generation.json"));
             text.replace(text.find("BEGIN CERT"), 10, "BEGIN CORT");
             f.put(".generation.json", text);
         }},
        {"`current` leads nowhere", [](Fixture& f) { fs::remove_all(f.home() / f.current()); }},
        {"`current` is gone", [](Fixture& f) { fs::remove(f.home() / "current"); }},
        {"`current` leads out of the home",
         [](Fixture& f) {
             fs::remove(f.home() / "current");
             fs::create_symlink("/etc", f.home() / "current");
         }},
    }));
    INFO(what);
    Fixture f;
    deed(f);
    const auto read = f.store.read(f.spec);
    REQUIRE(read);
    CHECK_FALSE(*read);
    const auto repaired = f.store.repair(f.spec);
    const NewSet next = issue(f.spec);
    REQUIRE(f.install(next));
    CHECK(f.visible() == next.view);
    CHECK(f.installed().damage.empty());
}

TEST_CASE("modes and links that differ are told and put right without issuing", "[installation]") {
    const auto [what, deed, drift] = GENERATE(table<const char*, Deed, std::string>({
        {"a key that was opened up",
         [](Fixture& f) { fs::permissions(f.inner("etcd-member-key.pem"), fs::perms{0644}); },
         "etcd-member-key.pem has mode 0644 instead of 0600"},
        {"a certificate that was closed",
         [](Fixture& f) { fs::permissions(f.inner("etcd-member.pem"), fs::perms{0600}); },
         "etcd-member.pem has mode 0600 instead of 0644"},
        {"a configured mode that changed",
         [](Fixture& f) { f.spec.files.key->mode = 0640; },
         "etcd-member-key.pem has mode 0600 instead of 0640"},
        {"a home that was opened up",
         [](Fixture& f) { fs::permissions(f.home(), fs::perms{0777}); },
         ".etcd-member belongs to uid " + std::to_string(::geteuid()) + ", mode 0777"},
        {"a generation that was closed",
         [](Fixture& f) { fs::permissions(f.home() / f.current(), fs::perms{0700}); },
         ", mode 0700"},
        {"a link that was deleted",
         [](Fixture& f) { fs::remove(f.at("etcd-member-ca.pem")); },
         "the link etcd-member-ca.pem is missing"},
        {"a link that leads to one generation",
         [](Fixture& f) {
             fs::remove(f.at("etcd-member.pem"));
             fs::create_symlink(".etcd-member/" + f.current() + "/etcd-member.pem",
                                f.at("etcd-member.pem"));
         },
         "the link etcd-member.pem is a link to .etcd-member/"},
        {"a link to another of our files",
         [](Fixture& f) {
             fs::remove(f.at("etcd-member.pem"));
             fs::create_symlink(".etcd-member/current/etcd-member-ca.pem", f.at("etcd-member.pem"));
         },
         "the link etcd-member.pem is a link to .etcd-member/current/etcd-member-ca.pem"},
        {"a file in place of a link",
         [](Fixture& f) {
             fs::remove(f.at("etcd-member.pem"));
             testing::put_content(f.at("etcd-member.pem"), "by hand");
         },
         "the link etcd-member.pem is a file of its own"},
    }));
    INFO(what);
    Fixture f;
    const std::string generation = f.current();
    deed(f);
    const InstalledSet before = f.installed();
    CHECK(before.damage.empty());
    REQUIRE(before.drift.size() == 1);
    CHECK_THAT(before.drift[0], Catch::Contains(drift));
    const auto repaired = f.store.repair(f.spec);
    REQUIRE(repaired);
    CHECK_THAT(repaired->at(0), Catch::StartsWith("put right: ") && Catch::Contains(drift));
    CHECK(f.installed().drift.empty());
    CHECK(f.visible() == f.fresh.view);
    CHECK(f.current() == generation);
    CHECK(f.store.repair(f.spec)->empty());
}

TEST_CASE_METHOD(Fixture,
                 "a key that was opened up is narrowed before anything else",
                 "[installation]") {
    fs::permissions(inner("etcd-member-key.pem"), fs::perms{0666});
    spec.files.key->mode = 0640;
    std::vector<mode_t> modes;
    files.watch = [&](std::string_view verb) {
        if (verb == "set_mode" || verb == "set_owner") {
            modes.push_back(mode_of(inner("etcd-member-key.pem")));
        }
    };
    REQUIRE(store.repair(spec));
    CHECK(modes == std::vector<mode_t>{0640});
}

TEST_CASE_METHOD(Fixture, "a file with a second name is not given away", "[installation]") {
    fs::create_hard_link(inner("etcd-member-key.pem"), directory() / "second");
    fs::permissions(inner("etcd-member-key.pem"), fs::perms{0644});
    const auto repaired = store.repair(spec);
    REQUIRE_FALSE(repaired);
    CHECK(repaired.error().kind == Failure::cannot_write);
    CHECK_THAT(repaired.error().what, Catch::Contains("etcd-member-key.pem: has 2 names"));
    CHECK(mode_of(inner("etcd-member-key.pem")) == 0644);
}

// The configured owner got everything, as `chown -R etcd: /etc/etcd/certs` gives it.
struct GivenAway : Fixture {
    testing::DisguisedFileSystem disguised{posix};
    GenerationStore guarded{disguised, temporary.string(), clock};
    uid_t us = ::geteuid();

    void give(uid_t owner) {
        disguised.disguise(home(), owner);
        disguised.disguise(home() / current(), owner);
    }
};

TEST_CASE_METHOD(GivenAway, "what the configured owner was given is taken back", "[installation]") {
    constexpr uid_t kEtcd = 4711;
    give(kEtcd);
    for (const auto& [name, content] : fresh.view) {
        disguised.disguise(inner(name), kEtcd);
    }
    spec.ownership.uid = kEtcd;
    const auto read = guarded.read(spec);
    REQUIRE(read);
    REQUIRE(*read);
    REQUIRE((*read)->drift.size() == 2);
    CHECK((*read)->drift[0] == ".etcd-member belongs to uid 4711, mode 0755");
    CHECK((*read)->drift[1] == "the generation " + current() + " belongs to uid 4711, mode 0755");
    REQUIRE(guarded.repair(spec));
    CHECK((*guarded.read(spec))->drift.empty());
    CHECK(visible() == fresh.view);
}

TEST_CASE_METHOD(GivenAway,
                 "a home that the configured owner was given is taken back to be written",
                 "[installation][fault-S4]") {
    spec.ownership.uid = 4711;
    disguised.disguise(home(), 4711);
    const Staged staged{.spec = &spec, .generation = current()};
    CHECK_FALSE(guarded.publish(std::span(&staged, 1)).front());
    // Without root the probe cannot be given away; the home is ours before it is tried.
    (void)guarded.prove_writable(spec);
    const Directory parent = *disguised.open_root(directory());
    CHECK(disguised.describe(*disguised.open_directory(parent, ".etcd-member"))->owner.uid == us);
}

TEST_CASE_METHOD(GivenAway,
                 "a home of a stranger's is refused by every verb",
                 "[installation][fault-S4]") {
    const InstalledSet before = installed();
    disguised.disguise(home(), testing::kStranger);
    const auto is_refused = [&](const auto& result) {
        REQUIRE_FALSE(result);
        CHECK(result.error().kind == Failure::cannot_write);
        CHECK_THAT(result.error().what, Catch::Contains(".etcd-member: belongs to uid 65534"));
    };
    is_refused(guarded.read(spec));
    is_refused(guarded.read_key(spec, before));
    is_refused(guarded.read_response(spec, before));
    is_refused(guarded.prove_writable(spec));
    is_refused(guarded.stage(spec, fresh.set, provenance()));
    is_refused(guarded.repair(spec));
    is_refused(guarded.collect(spec));
    is_refused(guarded.remove(spec));
    const Staged staged{.spec = &spec, .generation = current()};
    is_refused(guarded.publish(std::span(&staged, 1)).front());
    CHECK(visible() == fresh.view);
}

TEST_CASE_METHOD(GivenAway, "a generation of a stranger's is refused", "[installation][fault-S4]") {
    disguised.disguise(home() / current(), testing::kStranger);
    const auto read = guarded.read(spec);
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == Failure::cannot_write);
    CHECK_FALSE(guarded.repair(spec));
}

}  // namespace
}  // namespace install_cert::installation
