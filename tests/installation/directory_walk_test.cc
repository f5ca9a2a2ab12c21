// SPDX-License-Identifier: Apache-2.0
#include "installation/directory_walk.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <catch2/catch.hpp>

#include "installation/posix_file_system.h"
#include "tests/support/disguised_file_system.h"
#include "tests/support/temporary_directory.h"

namespace install_cert::installation {
namespace {

namespace fs = std::filesystem;
using testing::kStranger;

constexpr uid_t kEtcd = 4711;
constexpr gid_t kEtcdGroup = 4712;

// Below a root of its own: /etc/etcd/certs is there, and /data belongs to nobody in particular.
struct Fixture {
    testing::TemporaryDirectory temporary;
    PosixFileSystem posix;
    testing::DisguisedFileSystem files{posix};
    Walk request{.root = temporary.string(),
                 .path = "/etc/etcd/certs",
                 .trusted = {.us = posix.user(), .owner = {.uid = kEtcd, .gid = kEtcdGroup}},
                 .missing = Missing::stay};

    Fixture() {
        fs::create_directories(at("/etc/etcd/certs"));
        fs::create_directories(at("/data/certs"));
    }

    [[nodiscard]] fs::path at(const std::string& path) const { return temporary.string() + path; }

    void allow(const std::string& path, mode_t mode) const {
        REQUIRE(::chmod(at(path).c_str(), mode) == 0);
    }

    // Whether the walk ended in the directory at `path`.
    bool arrives_at(const std::string& path) {
        const auto arrival = walk(files, request);
        if (!arrival) {
            FAIL(arrival.error().what);
        }
        struct stat there{};
        struct stat expected{};
        REQUIRE(arrival->directory);
        REQUIRE(::fstat(arrival->directory->fd.get(), &there) == 0);
        REQUIRE(::stat(at(path).c_str(), &expected) == 0);
        return there.st_ino == expected.st_ino;
    }

    // The failure must name `component` and say `why`.
    void is_refused(const std::string& component, const std::string& why) {
        const auto arrival = walk(files, request);
        REQUIRE_FALSE(arrival);
        CHECK(arrival.error().kind == Failure::cannot_write);
        CHECK_THAT(arrival.error().what, Catch::StartsWith(temporary.string() + component + ": "));
        CHECK_THAT(arrival.error().what, Catch::Contains(why));
    }
};

TEST_CASE_METHOD(Fixture, "a plain path is walked", "[installation]") {
    CHECK(arrives_at("/etc/etcd/certs"));
}

TEST_CASE_METHOD(Fixture,
                 "a directory that is not there is told from one that is",
                 "[installation]") {
    request.path = "/etc/none/certs";
    const auto arrival = walk(files, request);
    REQUIRE(arrival);
    CHECK_FALSE(arrival->directory);
    CHECK_FALSE(fs::exists(at("/etc/none")));
}

TEST_CASE_METHOD(Fixture,
                 "missing directories are made 0755 whatever the umask",
                 "[installation][fault-65]") {
    const mode_t mask = GENERATE(as<mode_t>{}, 0000, 0022, 0077);
    request.path = "/var/lib/kubernetes";
    request.missing = Missing::make;
    const mode_t before = ::umask(mask);
    const auto arrival = walk(files, request);
    (void)::umask(before);
    REQUIRE(arrival);
    REQUIRE(arrival->directory);
    CHECK(arrival->made ==
          std::vector<std::string>{at("/var"), at("/var/lib"), at("/var/lib/kubernetes")});
    for (const std::string& made : arrival->made) {
        struct stat status{};
        REQUIRE(::stat(made.c_str(), &status) == 0);
        CHECK((status.st_mode & 07777U) == 0755);
        CHECK(status.st_uid == ::geteuid());
    }
    CHECK(arrives_at("/var/lib/kubernetes"));
}

TEST_CASE_METHOD(Fixture,
                 "what a crash left of a directory being made is used up",
                 "[installation]") {
    fs::create_directory(at("/.install-cert.new"));
    request.path = "/var";
    request.missing = Missing::make;
    REQUIRE(walk(files, request));
    CHECK(arrives_at("/var"));
    CHECK_FALSE(fs::exists(at("/.install-cert.new")));
}

TEST_CASE_METHOD(Fixture, "a link of root's among the parents is followed", "[installation]") {
    const auto [what, target] = GENERATE(table<const char*, std::string>({
        {"relative", "../data"},
        {"absolute, looked up within the root", "/data"},
        {"absolute with detours", "//data/./certs/.."},
        {"climbing above the root, which has nothing above it", "../../../../../../data"},
    }));
    INFO(what);
    fs::remove_all(at("/etc/etcd"));
    fs::create_symlink(target, at("/etc/etcd"));
    CHECK(arrives_at("/data/certs"));
}

TEST_CASE_METHOD(Fixture, "the directory itself may be a link of root's", "[installation]") {
    fs::remove(at("/etc/etcd/certs"));
    fs::create_symlink("/data/certs", at("/etc/etcd/certs"));
    CHECK(arrives_at("/data/certs"));
}

TEST_CASE_METHOD(Fixture, "eight links are followed and not one more", "[installation]") {
    fs::create_directory(at("/l0"));
    for (int i = 1; i <= 9; ++i) {
        fs::create_symlink("l" + std::to_string(i - 1), at("/l" + std::to_string(i)));
    }
    request.path = "/l8";
    CHECK(arrives_at("/l0"));
    request.path = "/l9";
    is_refused("/l1", "symbolic links");
}

TEST_CASE_METHOD(Fixture, "a loop of links ends", "[installation]") {
    fs::create_symlink("b", at("/a"));
    fs::create_symlink("a", at("/b"));
    request.path = "/a/certs";
    is_refused("/a", "symbolic links");
}

TEST_CASE_METHOD(Fixture,
                 "somebody else's link is not followed",
                 "[installation][fault-60][fault-S3]") {
    fs::remove_all(at("/etc/etcd"));
    fs::create_symlink("/data", at("/etc/etcd"));
    SECTION("a stranger's") {
        files.disguise(at("/etc/etcd"), kStranger);
        is_refused("/etc/etcd", "is a link that belongs to uid 65534");
    }
    SECTION("the configured owner's") {
        files.disguise(at("/etc/etcd"), kEtcd);
        is_refused("/etc/etcd", "is a link that belongs to uid 4711");
    }
    SECTION("ours, but in a directory of the configured owner's, who can exchange it") {
        files.disguise(at("/etc"), kEtcd);
        is_refused("/etc/etcd", "is a link in a directory that belongs to uid 4711");
    }
    SECTION("ours, but in a directory that others write in") {
        allow("/etc", 0777);
        is_refused("/etc", "is writable by others (mode 0777)");
    }
}

TEST_CASE_METHOD(Fixture, "a link in a sticky directory is its owner's", "[installation]") {
    fs::remove_all(at("/etc/etcd"));
    fs::create_symlink("/data", at("/etc/etcd"));
    allow("/etc", 01777);
    CHECK(arrives_at("/data/certs"));
}

TEST_CASE_METHOD(Fixture, "a component that is no directory is refused", "[installation]") {
    fs::remove_all(at("/etc/etcd"));
    testing::put_content(at("/etc/etcd"), "");
    is_refused("/etc/etcd", "Not a directory");
}

TEST_CASE_METHOD(Fixture,
                 "a directory of a stranger's is refused wherever it is",
                 "[installation][fault-61]") {
    const std::string where = GENERATE(as<std::string>{}, "/etc", "/etc/etcd", "/etc/etcd/certs");
    files.disguise(at(where), kStranger);
    is_refused(where, "belongs to uid 65534, who is neither root nor the configured owner");
}

TEST_CASE_METHOD(Fixture, "the configured owner's directories are accepted", "[installation]") {
    files.disguise(at("/etc/etcd"), kEtcd);
    files.disguise(at("/etc/etcd/certs"), kEtcd);
    CHECK(arrives_at("/etc/etcd/certs"));
}

TEST_CASE("a directory is trusted by owner and mode", "[installation][fault-61]") {
    const Trusted trusted{.us = 0, .owner = {.uid = kEtcd, .gid = kEtcdGroup}};
    const auto [what, owner, mode, why] =
        GENERATE(table<const char*, role::Ownership, mode_t, std::string>({
            {"root's", {0, 0}, 0755, ""},
            {"root's, writable by root's group", {0, 0}, 0775, ""},
            {"the owner's", {kEtcd, kEtcdGroup}, 0700, ""},
            {"the owner's, writable by the configured group", {kEtcd, kEtcdGroup}, 0770, ""},
            {"root's, writable by the configured group", {0, kEtcdGroup}, 0775, ""},
            {"root's, sticky", {0, 0}, 01777, ""},
            {"root's, writable by a strange group",
             {0, 50},
             0775,
             "is writable by group 50 (mode 0775)"},
            {"root's, writable by others", {0, 0}, 0757, "is writable by others (mode 0757)"},
            {"a stranger's",
             {1000, 0},
             0755,
             "belongs to uid 1000, who is neither root nor the configured owner"},
            {"a stranger's, sticky",
             {1000, 0},
             01755,
             "belongs to uid 1000, who is neither root nor the configured owner"},
        }));
    INFO(what);
    const Entry entry{.kind = EntryKind::directory, .owner = owner, .mode = mode};
    CHECK(distrust(entry, trusted) == why);
}

TEST_CASE("whoever runs us without being root may share directories of his own", "[installation]") {
    const Trusted trusted{.us = 1000, .owner = {.uid = 1000, .gid = 1000}};
    CHECK(distrust({.owner = {1000, 50}, .mode = 0775}, trusted).empty());
    CHECK_FALSE(distrust({.owner = {1000, 1000}, .mode = 0777}, trusted).empty());
    CHECK_FALSE(distrust({.owner = {1001, 1000}, .mode = 0755}, trusted).empty());
}

}  // namespace
}  // namespace install_cert::installation
