// SPDX-License-Identifier: Apache-2.0
#include "installation/generation_store.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/installation/store_fixture.h"

namespace install_cert::installation {
namespace {

using testing::kNow;
using Names = std::vector<std::string>;

TEST_CASE_METHOD(StoreFixture, "nothing is installed at first", "[installation]") {
    const auto read = store.read(spec);
    REQUIRE(read);
    CHECK_FALSE(*read);
    CHECK_FALSE(fs::exists(directory()));
}

TEST_CASE_METHOD(StoreFixture, "a set is found at its configured names", "[installation]") {
    const NewSet fresh = issue(spec);
    const auto published = install(fresh);
    REQUIRE(published);
    CHECK(published->durable);
    CHECK_FALSE(published->incomplete);
    CHECK(published->superseded.empty());
    CHECK(visible() == fresh.view);
    CHECK(visible().size() == 4);
    CHECK(current() == published->generation);
}

TEST_CASE_METHOD(StoreFixture,
                 "names are relative links through the one that is swapped",
                 "[installation]") {
    REQUIRE(install(issue(spec)));
    for (const auto& [name, content] : visible()) {
        CHECK(fs::read_symlink(at(name)) == ".etcd-member/current/" + name);
    }
    CHECK(in_home() == Names{current(), "current"});
}

TEST_CASE_METHOD(StoreFixture,
                 "directories are 0755 and files as configured, whatever the umask",
                 "[installation][fault-67]") {
    const mode_t mask = GENERATE(as<mode_t>{}, 0000, 0022, 0077);
    const mode_t before = ::umask(mask);
    spec.files.key->mode = 0640;
    const auto published = install(issue(spec));
    (void)::umask(before);
    REQUIRE(published);
    for (const fs::path& made : {temporary.path() / "etc",
                                 temporary.path() / "etc/etcd",
                                 directory(),
                                 home(),
                                 home() / current()}) {
        CHECK(mode_of(made) == 0755);
    }
    const fs::path generation = home() / current();
    CHECK(mode_of(generation / "etcd-member-key.pem") == 0640);
    CHECK(mode_of(generation / "etcd-member.json") == 0600);
    CHECK(mode_of(generation / "etcd-member.pem") == 0644);
    CHECK(mode_of(generation / "etcd-member-ca.pem") == 0644);
    CHECK(mode_of(generation / ".generation.json") == 0644);
}

TEST_CASE_METHOD(StoreFixture,
                 "what is installed is read back from the disk alone",
                 "[installation]") {
    const NewSet fresh = issue(spec, {.trust = {&authority(), &later_authority()}});
    const auto published = install(fresh);
    REQUIRE(published);
    GenerationStore other(posix, temporary.string(), clock);
    const auto read = other.read(spec);
    REQUIRE(read);
    REQUIRE(*read);
    const InstalledSet& set = **read;
    CHECK(set.generation == published->generation);
    CHECK(set.provenance.request_digest == "d1");
    CHECK(set.provenance.received == kNow);
    CHECK(set.provenance.boot_id == "b1");
    CHECK(set.files.key == "etcd-member-key.pem");
    CHECK(set.leaf.pem() == fresh.set.leaf().pem());
    REQUIRE(set.intermediates.size() == 1);
    CHECK(set.intermediates[0].pem() == intermediate().pem());
    REQUIRE(set.trust.size() == 2);
    CHECK(set.trust[1].certificate.pem() == later_authority().pem());
    CHECK(set.trust[1].last_seen == kNow);
    CHECK(set.damage.empty());
    CHECK(set.drift.empty());
    const auto key = other.read_key(spec, set);
    REQUIRE(key);
    CHECK(key->public_key_digest() == fresh.set.key().public_key_digest());
    const auto response = other.read_response(spec, set);
    REQUIRE(response);
    CHECK(response->reveal() == fresh.set.response().reveal());
}

TEST_CASE_METHOD(StoreFixture, "each file is optional", "[installation]") {
    const NewSet whole = issue(spec);
    const auto drop = GENERATE(as<std::optional<role::File> role::Files::*>{},
                               &role::Files::ca,
                               &role::Files::certificate,
                               &role::Files::key,
                               &role::Files::response);
    (spec.files.*drop).reset();
    const NewSet fresh = issue(spec);
    REQUIRE(install(fresh));
    CHECK(visible() == fresh.view);
    CHECK(visible().size() == 3);
    const InstalledSet set = installed();
    CHECK(set.damage.empty());
    CHECK(set.leaf.pem() == fresh.set.leaf().pem());
    CHECK(set.trust.size() == 1);
}

TEST_CASE_METHOD(StoreFixture,
                 "a key or answer that is not kept cannot be read",
                 "[installation]") {
    spec.files.key.reset();
    spec.files.response.reset();
    REQUIRE(install(issue(spec)));
    const InstalledSet set = installed();
    CHECK_FALSE(store.read_key(spec, set));
    const auto response = store.read_response(spec, set);
    REQUIRE(response);
    CHECK(response->empty());
}

TEST_CASE_METHOD(StoreFixture,
                 "a renewal changes all names at once and keeps the old for a grace",
                 "[installation][fault-S19]") {
    const NewSet first = issue(spec);
    const NewSet second = issue(spec);
    REQUIRE(install(first));
    const std::string old = current();
    const auto published = install(second);
    REQUIRE(published);
    CHECK(visible() == second.view);
    REQUIRE(published->superseded.size() == 1);
    CHECK(published->superseded[0].generation == old);
    CHECK(testing::content_of(home() / old / "etcd-member-key.pem") ==
          first.view.at("etcd-member-key.pem"));
    store.remove_generations(published->superseded);
    CHECK(in_home() == Names{current(), "current"});
    CHECK(visible() == second.view);
}

TEST_CASE_METHOD(StoreFixture, "the current generation is never removed", "[installation]") {
    const NewSet fresh = issue(spec);
    REQUIRE(install(fresh));
    const std::vector<Superseded> wrong{{.spec = &spec, .generation = current()},
                                        {.spec = &spec, .generation = ".."},
                                        {.spec = &spec, .generation = "../../certs"},
                                        {.spec = &spec, .generation = "current"}};
    store.remove_generations(wrong);
    CHECK(visible() == fresh.view);
}

TEST_CASE_METHOD(StoreFixture,
                 "the old leaf is published again with more trust",
                 "[installation]") {
    auto key = *x509::PrivateKey::generate({.type = x509::KeyType::ec, .bits = 256});
    NewSet first = issue(spec, {.key = std::move(key)});
    REQUIRE(install(first));
    const InstalledSet before = installed();
    issuance::IssuedMaterial same{.leaf = before.leaf.clone(),
                                  .authorities = {},
                                  .key = *store.read_key(spec, before),
                                  .response = *store.read_response(spec, before),
                                  .warnings = {}};
    same.authorities.push_back(intermediate().certificate());
    issuance::VerificationContext context{.spec = spec, .now = kNow, .trust = {}};
    context.trust.push_back({.certificate = authority().certificate(), .last_seen = kNow});
    context.trust.push_back({.certificate = later_authority().certificate(), .last_seen = kNow});
    const auto extended = issuance::verify(std::move(same), std::move(context));
    REQUIRE(extended);
    const auto staged = store.stage(spec, *extended, provenance());
    REQUIRE(staged);
    // The same second and the same leaf: a name of its own all the same.
    CHECK(staged->generation == before.generation + "-2");
    REQUIRE(store.publish(std::span(&*staged, 1)).front());
    const InstalledSet after = installed();
    CHECK(after.damage.empty());
    CHECK(after.leaf.pem() == before.leaf.pem());
    CHECK(after.trust.size() == 2);
    CHECK(visible().at("etcd-member-ca.pem") == authority().pem() + later_authority().pem());
}

TEST_CASE_METHOD(StoreFixture,
                 "names that are configured no more are taken away with the swap",
                 "[installation]") {
    REQUIRE(install(issue(spec)));
    spec.files.key->name = "member.key";
    spec.files.response.reset();
    const NewSet fresh = issue(spec);
    CHECK(installed().damage == "member.key is missing");
    REQUIRE(install(fresh));
    CHECK(visible() == fresh.view);
    CHECK_FALSE(fs::is_symlink(at("etcd-member-key.pem")));
    CHECK_FALSE(fs::is_symlink(at("etcd-member.json")));
}

TEST_CASE_METHOD(StoreFixture,
                 "a former generation that was removed by hand keeps nothing from being published",
                 "[installation]") {
    REQUIRE(install(issue(spec)));
    fs::remove_all(home() / current());
    const auto published = install(issue(spec));
    REQUIRE(published);
    CHECK_FALSE(published->incomplete);
    CHECK(installed().damage.empty());
}

TEST_CASE_METHOD(StoreFixture,
                 "a former name that leads elsewhere by now is left alone",
                 "[installation]") {
    REQUIRE(install(issue(spec)));
    fs::remove(at("etcd-member.json"));
    testing::put_content(at("etcd-member.json"), "an operator's");
    spec.files.response.reset();
    REQUIRE(install(issue(spec)));
    CHECK(testing::content_of(at("etcd-member.json")) == "an operator's");
}

TEST_CASE_METHOD(StoreFixture,
                 "two certificates share a directory without touching each other",
                 "[installation]") {
    role::CertificateSpec other = spec_of("etcd-client");
    other.files.ca.reset();  // left to the first
    const NewSet first = issue(spec);
    const NewSet second = issue(other);
    const auto one = store.stage(spec, first.set, provenance());
    const auto two = store.stage(other, second.set, provenance());
    REQUIRE(one);
    REQUIRE(two);
    const std::vector<Staged> batch{*one, *two};
    for (const auto& published : store.publish(batch)) {
        REQUIRE(published);
        CHECK(published->durable);
    }
    CHECK(visible() == first.view);
    REQUIRE(store.remove(other));
    CHECK(visible() == first.view);
    CHECK(installed().damage.empty());
}

TEST_CASE_METHOD(StoreFixture,
                 "one certificate's failure does not keep another from publication",
                 "[installation]") {
    role::CertificateSpec other = spec_of("etcd-client");
    const NewSet first = issue(spec);
    const NewSet second = issue(other);
    const std::vector<Staged> batch{*store.stage(spec, first.set, provenance()),
                                    *store.stage(other, second.set, provenance())};
    fs::create_directory(at("etcd-member.pem"));
    const auto published = store.publish(batch);
    REQUIRE(published.size() == 2);
    REQUIRE_FALSE(published[0]);
    CHECK(published[0].error().kind == Failure::cannot_write);
    CHECK_THAT(published[0].error().what, Catch::Contains("etcd-member.pem: is a directory"));
    CHECK(in_home().empty());
    REQUIRE(published[1]);
    CHECK(fs::exists(at("etcd-client.pem")));
}

TEST_CASE_METHOD(StoreFixture, "paths are told with the root", "[installation]") {
    const std::string prefix = temporary.string() + "/etc/etcd/certs/";
    CHECK(store.paths(spec) == Names{prefix + "etcd-member-key.pem",
                                     prefix + "etcd-member.json",
                                     prefix + "etcd-member-ca.pem",
                                     prefix + "etcd-member.pem"});
}

TEST_CASE_METHOD(StoreFixture,
                 "directories that were made are told, and only once",
                 "[installation][fault-65]") {
    const auto proven = store.prove_writable(spec);
    REQUIRE(proven);
    CHECK(*proven == Names{"made the directory " + temporary.string() + "/etc",
                           "made the directory " + temporary.string() + "/etc/etcd",
                           "made the directory " + temporary.string() + "/etc/etcd/certs"});
    CHECK(in_home().empty());
    CHECK(store.prove_writable(spec)->empty());
}

TEST_CASE_METHOD(StoreFixture,
                 "a set is taken away without a trace but its directory",
                 "[installation]") {
    REQUIRE(install(issue(spec)));
    REQUIRE(install(issue(spec)));
    testing::put_content(at("unrelated"), "stays");
    fs::create_symlink("unrelated", at("unrelated-link"));
    fs::create_symlink(".etcd-member/current/former-name.pem", at("former-name.pem"));
    REQUIRE(store.remove(spec));
    Names left;
    for (const auto& entry : fs::directory_iterator(directory())) {
        left.push_back(entry.path().filename());
    }
    std::ranges::sort(left);
    CHECK(left == Names{"unrelated", "unrelated-link"});
    CHECK_FALSE(*store.read(spec));
    REQUIRE(store.remove(spec));
}

TEST_CASE_METHOD(StoreFixture,
                 "what is not ours by name survives a removal and is named",
                 "[installation]") {
    REQUIRE(install(issue(spec)));
    testing::put_content(home() / "notes", "an operator's");
    const auto removed = store.remove(spec);
    REQUIRE_FALSE(removed);
    CHECK(removed.error().kind == Failure::cannot_write);
    CHECK_THAT(removed.error().what, Catch::Contains(".etcd-member"));
    CHECK(testing::content_of(home() / "notes") == "an operator's");
    CHECK(in_home() == Names{"notes"});
}

TEST_CASE_METHOD(StoreFixture,
                 "litter of a crash is collected, by our names alone",
                 "[installation]") {
    const NewSet fresh = issue(spec);
    REQUIRE(install(fresh));
    const std::string kept = current();
    REQUIRE(stage(issue(spec)));  // and never published
    fs::create_directory(home() / "20200101T000000Z-00000000");
    testing::put_content(home() / "20200101T000000Z-00000000/half-written", "");
    fs::create_symlink("x", home() / "current.new");
    fs::create_directory(home() / "probe.new");
    testing::put_content(home() / "probe.new/etcd-member.pem", "\n");
    testing::put_content(home() / "notes", "an operator's");
    SECTION("within the grace, temporary names alone") {
        set_clock_after_swap(kGrace - std::chrono::seconds{1});
        CHECK(*store.collect(spec) == 2);
        CHECK(in_home().size() == 5);
    }
    SECTION("after the grace") {
        set_clock_after_swap(kGrace);
        CHECK(*store.collect(spec) == 4);
        CHECK(in_home() == Names{kept, "current", "notes"});
    }
    SECTION("after the clock was set back, too") {
        set_clock_after_swap(-std::chrono::hours{24});
        CHECK(*store.collect(spec) == 4);
        CHECK(in_home() == Names{kept, "current", "notes"});
    }
    CHECK(visible() == fresh.view);
}

TEST_CASE_METHOD(StoreFixture,
                 "a heap of litter is collected in portions",
                 "[installation][fault-68]") {
    REQUIRE(install(issue(spec)));
    for (int i = 0; i < 1500; ++i) {
        std::string digits = std::to_string(i);
        digits.insert(0, 8 - digits.size(), '0');
        fs::create_directory(home() / ("20200101T000000Z-" + digits));
    }
    set_clock_after_swap(kGrace);
    CHECK(*store.collect(spec) == 1000);
    CHECK(*store.collect(spec) == 500);
    CHECK(*store.collect(spec) == 0);
}

TEST_CASE_METHOD(StoreFixture,
                 "collecting where nothing is installed finds nothing",
                 "[installation]") {
    CHECK(*store.collect(spec) == 0);
    CHECK_FALSE(fs::exists(directory()));
}

}  // namespace
}  // namespace install_cert::installation
