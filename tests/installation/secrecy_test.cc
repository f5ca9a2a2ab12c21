// SPDX-License-Identifier: Apache-2.0
// After every single verb of every deed, every file under the root is looked at: nothing that
// holds a key may be open to anybody it is not for.
#include <sys/xattr.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include <catch2/catch.hpp>

#include "tests/installation/store_fixture.h"

namespace install_cert::installation {
namespace {

struct Audited : StoreFixture {
    std::vector<std::string> leaks;
    mode_t allowed = 0600;  // the widest mode that any file with a secret may have

    void watch_every_verb() {
        files.watch = [this](std::string_view verb) {
            for (const auto& entry : fs::recursive_directory_iterator(temporary.path())) {
                if (entry.is_regular_file() && !entry.is_symlink()) {
                    look_at(entry.path(), verb);
                }
            }
        };
    }

    void look_at(const fs::path& path, std::string_view verb) {
        struct stat status{};
        REQUIRE(::lstat(path.c_str(), &status) == 0);
        const mode_t mode = status.st_mode & 07777U;
        const bool is_its_owners = status.st_uid == spec.ownership.uid;
        if (is_its_owners && (mode & ~allowed) == 0) {
            return;
        }
        // Closed to everybody else until it gets its mode.
        if (mode == 0600 && (is_its_owners || status.st_uid == posix.user())) {
            return;
        }
        const std::string content = testing::content_of(path);
        if (content.contains("PRIVATE KEY") || content.contains("answer") ||
            path.filename() == "etcd-member-key.pem") {
            leaks.push_back(path.string() + " after " + std::string(verb));
        }
    }
};

TEST_CASE_METHOD(Audited,
                 "a key is never open to anybody else, not for one system call",
                 "[installation][fault-S2]") {
    const auto [what, mode, mask] = GENERATE(table<const char*, mode_t, mode_t>({
        {"0600 under no umask", 0600, 0000},
        {"0640 under no umask", 0640, 0000},
        {"0640 under the usual umask", 0640, 0022},
        {"0400", 0400, 0077},
    }));
    INFO(what);
    allowed = mode;
    spec.files.key->mode = mode;
    spec.files.response->mode = mode;
    if (::geteuid() == 0) {
        spec.ownership = {.uid = 65534, .gid = 65534};
    }
    const NewSet first = issue(spec);
    const NewSet second = issue(spec);
    watch_every_verb();
    const mode_t before = ::umask(mask);
    const auto installed = install(first);
    const auto renewed = install(second);
    (void)::umask(before);
    REQUIRE(installed);
    REQUIRE(renewed);
    store.remove_generations(renewed->superseded);
    REQUIRE(store.remove(spec));
    CHECK(leaks == std::vector<std::string>{});
}

TEST_CASE_METHOD(Audited, "an adopted key is never open to anybody else", "[installation]") {
    fs::create_directories(directory());
    testing::put_content(at("etcd-member-key.pem"), "a former PRIVATE KEY");
    fs::permissions(at("etcd-member-key.pem"), fs::perms{0600});
    watch_every_verb();
    REQUIRE(install(issue(spec)));
    CHECK(leaks == std::vector<std::string>{});
}

TEST_CASE_METHOD(Audited,
                 "a generation can be entered only once it is complete",
                 "[installation][fault-S2]") {
    REQUIRE(store.prove_writable(spec));
    std::vector<mode_t> modes;
    files.watch = [&](std::string_view verb) {
        if (verb != "create_file" && verb != "write" && verb != "set_mode") {
            return;
        }
        for (const auto& entry : fs::directory_iterator(home())) {
            if (entry.is_directory()) {
                modes.push_back(mode_of(entry.path()));
            }
        }
    };
    REQUIRE(stage(issue(spec)));
    // Five files of three verbs each, then the directory itself.
    REQUIRE(modes.size() == 16);
    CHECK(std::ranges::count(modes, mode_t{0700}) == 15);
    CHECK(modes.back() == 0755);
}

TEST_CASE_METHOD(Audited, "the audit sees a file that is opened up too far", "[installation]") {
    // The gate proves itself: what it must catch, it catches.
    watch_every_verb();
    REQUIRE(install(issue(spec)));
    fs::permissions(home() / current() / "etcd-member-key.pem", fs::perms{0644});
    (void)store.read(spec);
    CHECK_FALSE(leaks.empty());
}

// acl(5) as the kernel takes it: everything for uid 65534 in whatever is made here.
bool hand_down_access(const fs::path& directory) {
    struct Rule {
        std::uint16_t tag;
        std::uint16_t permissions;
        std::uint32_t id;
    };

    struct {
        std::uint32_t version = 2;
        std::array<Rule, 5> rules{{{0x01, 7, ~0U},    // the owner
                                   {0x02, 7, 65534},  // this user
                                   {0x04, 7, ~0U},    // the group
                                   {0x10, 7, ~0U},    // the mask
                                   {0x20, 5, ~0U}}};  // others
    } list;

    return ::setxattr(directory.c_str(), "system.posix_acl_default", &list, sizeof list, 0) == 0;
}

TEST_CASE_METHOD(StoreFixture,
                 "an access list that a directory hands down reaches no key",
                 "[installation][fault-67]") {
    fs::create_directories(directory());
    if (!hand_down_access(directory())) {
        WARN("this file system knows no access lists: " << temporary.string());
        return;
    }
    spec.files.key->mode = 0640;
    REQUIRE(install(issue(spec)));
    const fs::path generation = home() / current();
    for (const fs::path& path : {home(), generation, generation / "etcd-member-key.pem"}) {
        CAPTURE(path);
        CHECK(::getxattr(path.c_str(), "system.posix_acl_access", nullptr, 0) < 0);
        CHECK(errno == ENODATA);
    }
    CHECK(mode_of(generation / "etcd-member-key.pem") == 0640);
}

TEST_CASE_METHOD(StoreFixture, "no failure's words hold a secret", "[installation]") {
    const NewSet fresh = issue(spec);
    for (std::size_t n = 1; n < 200; ++n) {
        files.cut_at(n, testing::Cut::fails_once, std::errc::no_space_on_device);
        const auto told = install(fresh);
        if (!told) {
            CHECK_FALSE(told.error().what.contains("PRIVATE"));
            CHECK_FALSE(told.error().what.contains("answer"));
            CHECK(told.error().what.size() < 300);
        }
    }
}

}  // namespace
}  // namespace install_cert::installation
