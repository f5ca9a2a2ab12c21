// SPDX-License-Identifier: Apache-2.0
// Every verb of every deed is cut in its turn: once (the disk fails and the deed is told so) and
// for good (the process is killed). Whatever was cut, readers find the old set or the new one, and
// the next turn converges and leaves no litter.
#include <functional>

#include <catch2/catch.hpp>

#include "tests/installation/store_fixture.h"

namespace install_cert::installation {
namespace {

using testing::Cut;

constexpr std::size_t kPlenty = std::size_t{1} << 40;  // unwritten bytes: each file is synced
constexpr std::size_t kMostVerbs = 2000;

struct Scene : StoreFixture {
    View before;                   // what readers find before the deed
    const NewSet* next = nullptr;  // what it installs
    std::string arriving;          // a name that only the new set has

    void arrange_first() { next = &kept_set(spec, 1); }

    void arrange_renewal() {
        REQUIRE(install(kept_set(spec, 0)));
        before = kept_set(spec, 0).view;
        next = &kept_set(spec, 1);
    }

    void arrange_adoption() {
        fs::create_directories(directory());
        for (const auto& [name, content] : kept_set(spec, 0).view) {
            testing::put_content(at(name), content);
        }
        before = visible();
        next = &kept_set(spec, 1);
    }

    void arrange_new_names() {
        REQUIRE(install(kept_set(spec, 0)));
        spec.files.key->name = arriving = "member.key";
        before = visible();
        next = &kept_set(spec, 1);
    }

    void install_next() {
        const auto installed = install(*next);
        is_told_honestly(installed);
    }

    // The result says what lies there, unless nobody is left to be told.
    void is_told_honestly(const Result<Published>& told) const {
        if (told) {
            CHECK(current() == told->generation);
        }
    }

    // A reader who opens the directory to which the certificate's link leads finds one set.
    void is_old_or_new() const {
        const View now = visible();
        const bool is_old = now == before;
        View arrived = now;
        if (!arriving.empty() && current() != "") {
            arrived.emplace(arriving, next->view.at(arriving));
        }
        const bool is_new = arrived == next->view;
        // First publication: names appear one by one, the certificate last, and never a wrong one.
        const bool is_appearing =
            current() != "" && !now.contains(spec.files.certificate->name) &&
            std::ranges::all_of(now, [&](const auto& one) {
                return next->view.contains(one.first) && next->view.at(one.first) == one.second;
            });
        const bool was_complete = before.contains(spec.files.certificate->name);
        CHECK((is_old || is_new || (!was_complete && is_appearing)));
    }
};

using Arrange = void (Scene::*)();

void converge(Scene& scene) {
    scene.files.mend();
    const auto read = scene.store.read(scene.spec);
    REQUIRE(read);
    REQUIRE(scene.store.repair(scene.spec));
    if (*read) {
        CHECK(((*read)->damage.empty() || !scene.arriving.empty()));
        CHECK(scene.installed().drift.empty());
        scene.set_clock_after_swap(kGrace);
    }
    REQUIRE(scene.store.collect(scene.spec));
    const NewSet& last = kept_set(scene.spec, 2);
    REQUIRE(scene.install(last));
    CHECK(scene.visible() == last.view);
    CHECK(scene.installed().damage.empty());
    CHECK(scene.installed().drift.empty());
    scene.set_clock_after_swap(kGrace);
    REQUIRE(scene.store.collect(scene.spec));
    for (const auto& entry : fs::directory_iterator(scene.directory())) {
        CHECK(fs::exists(entry.path()));  // no link that leads nowhere
    }
    auto names = scene.in_home();
    std::erase(names, "adopted");
    CHECK(names == std::vector<std::string>{scene.current(), "current"});
}

// Fails the n-th verb of the deed, for each n until the deed needs no more of them.
void cut_everywhere(Arrange arrange, Cut cut, std::size_t unwritten) {
    for (std::size_t n = 1;; ++n) {
        REQUIRE(n < kMostVerbs);
        Scene scene;
        scene.files.unwritten = unwritten;
        (scene.*arrange)();
        scene.files.cut_at(
            n, cut, n % 2 == 0 ? std::errc::io_error : std::errc::no_space_on_device);
        scene.install_next();
        const bool was_cut = scene.files.was_cut();
        INFO("cut at verb " << n << ", " << scene.files.cut_verb());
        scene.is_old_or_new();
        converge(scene);
        if (!was_cut) {
            CHECK(n > 30);
            return;
        }
    }
}

void cut_every_deed(Cut cut) {
    const auto [what, arrange] = GENERATE(table<const char*, Arrange>({
        {"first publication", &Scene::arrange_first},
        {"renewal", &Scene::arrange_renewal},
        {"adoption", &Scene::arrange_adoption},
        {"other names", &Scene::arrange_new_names},
    }));
    const std::size_t unwritten = GENERATE(as<std::size_t>{}, 0, kPlenty);
    INFO(what);
    cut_everywhere(arrange, cut, unwritten);
}

TEST_CASE("an installation in which anything fails leaves the old set or the new one",
          "[installation][cut]") {
    cut_every_deed(Cut::fails_once);
}

TEST_CASE("an installation that is killed anywhere leaves the old set or the new one",
          "[installation][cut]") {
    cut_every_deed(Cut::stops_everything);
}

TEST_CASE("a failure that is told before the swap leaves no generation behind",
          "[installation][cut]") {
    for (std::size_t n = 1;; ++n) {
        REQUIRE(n < kMostVerbs);
        Scene scene;
        scene.arrange_renewal();
        const std::string old = scene.current();
        scene.files.cut_at(n, Cut::fails_once, std::errc::no_space_on_device);
        const auto told = scene.install(*scene.next);
        if (!scene.files.was_cut()) {
            CHECK(told);
            return;
        }
        INFO("cut at verb " << n << ", " << scene.files.cut_verb());
        if (told) {
            CHECK(scene.visible() == scene.next->view);
            continue;
        }
        CHECK(told.error().kind == Failure::cannot_write);
        CHECK_THAT(told.error().what, Catch::Contains("No space left on device"));
        CHECK(told.error().way_out == "make room, and inodes (df, df -i)");
        CHECK(scene.visible() == scene.before);
        CHECK(scene.current() == old);
        std::vector<std::string> names = scene.in_home();
        std::erase(names, "probe.new");  // where its removal itself failed
        CHECK(names.size() == 2);
    }
}

TEST_CASE("a batch that is cut anywhere leaves each set old or new", "[installation][cut]") {
    const Cut cut = GENERATE(Cut::fails_once, Cut::stops_everything);
    for (std::size_t n = 1;; ++n) {
        REQUIRE(n < kMostVerbs);
        StoreFixture scene;
        std::vector<role::CertificateSpec> specs{spec_of("one"), spec_of("two"), spec_of("three")};
        std::vector<const NewSet*> sets;
        std::vector<Staged> staged;
        for (const role::CertificateSpec& spec : specs) {
            scene.spec = spec;
            REQUIRE(scene.install(kept_set(spec, 0)));
            sets.push_back(&kept_set(spec, 1));
            staged.push_back(
                *scene.store.stage(spec, sets.back()->set, StoreFixture::provenance()));
        }
        std::vector<View> before;
        for (const role::CertificateSpec& spec : specs) {
            scene.spec = spec;
            before.push_back(scene.visible());
        }
        scene.files.cut_at(n, cut);
        const auto told = scene.store.publish(staged);
        const bool was_cut = scene.files.was_cut();
        scene.files.mend();
        INFO("cut at verb " << n << ", " << scene.files.cut_verb());
        for (std::size_t i = 0; i < specs.size(); ++i) {
            scene.spec = specs[i];
            const View now = scene.visible();
            CHECK((now == sets[i]->view || (was_cut && now == before[i])));
            CHECK(told[i].has_value() == (now == sets[i]->view));
        }
        if (!was_cut) {
            return;
        }
    }
}

using Deed = std::function<void(StoreFixture&)>;

TEST_CASE("a deed that is cut anywhere never touches the installed set", "[installation][cut]") {
    const auto [what, deed] = GENERATE(table<const char*, Deed>({
        {"reading", [](StoreFixture& f) { (void)f.store.read(f.spec); }},
        {"proving", [](StoreFixture& f) { (void)f.store.prove_writable(f.spec); }},
        {"collecting", [](StoreFixture& f) { (void)f.store.collect(f.spec); }},
        {"repairing",
         [](StoreFixture& f) {
             const fs::path key = f.home() / f.current() / "etcd-member-key.pem";
             fs::permissions(key, fs::perms{0640});
             (void)f.store.repair(f.spec);
         }},
    }));
    const Cut cut = GENERATE(Cut::fails_once, Cut::stops_everything);
    INFO(what);
    bool was_cut = true;
    for (std::size_t n = 1; was_cut; ++n) {
        REQUIRE(n < kMostVerbs);
        StoreFixture f;
        REQUIRE(f.install(kept_set(f.spec, 0)));
        const NewSet& fresh = kept_set(f.spec, 1);
        REQUIRE(f.install(fresh));
        f.set_clock_after_swap(kGrace);
        f.files.cut_at(n, cut);
        deed(f);
        was_cut = f.files.was_cut();
        INFO("cut at verb " << n << ", " << f.files.cut_verb());
        f.files.mend();
        CHECK(f.visible() == fresh.view);
        REQUIRE(f.store.repair(f.spec));
        CHECK(f.installed().damage.empty());
        CHECK(f.installed().drift.empty());
    }
}

TEST_CASE("a removal that is cut anywhere is finished by the next one", "[installation][cut]") {
    const Cut cut = GENERATE(Cut::fails_once, Cut::stops_everything);
    bool was_cut = true;
    for (std::size_t n = 1; was_cut; ++n) {
        REQUIRE(n < kMostVerbs);
        StoreFixture f;
        REQUIRE(f.install(kept_set(f.spec, 0)));
        f.files.cut_at(n, cut);
        const auto removed = f.store.remove(f.spec);
        was_cut = f.files.was_cut();
        INFO("cut at verb " << n << ", " << f.files.cut_verb());
        CHECK((removed || was_cut));
        f.files.mend();
        REQUIRE(f.store.remove(f.spec));
        CHECK(fs::is_empty(f.directory()));
    }
}

}  // namespace
}  // namespace install_cert::installation
