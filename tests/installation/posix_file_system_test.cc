// SPDX-License-Identifier: Apache-2.0
#include "installation/posix_file_system.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.h"

namespace install_cert::installation {
namespace {

namespace fs = std::filesystem;
using testing::content_of;
using testing::put_content;

struct Fixture {
    testing::TemporaryDirectory temporary;
    PosixFileSystem files;
    Directory root = *files.open_root(temporary.string());

    [[nodiscard]] fs::path at(const std::string& name) const { return temporary.path() / name; }
};

mode_t mode_of(const fs::path& path) {
    struct stat status{};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    return status.st_mode & 07777U;
}

class Umask {
  public:
    explicit Umask(mode_t mask) : before_(::umask(mask)) {}

    Umask(const Umask&) = delete;
    Umask& operator=(const Umask&) = delete;

    ~Umask() { (void)::umask(before_); }

  private:
    mode_t before_;
};

TEST_CASE_METHOD(Fixture,
                 "a new file is its maker's alone, whatever the umask",
                 "[installation][fault-S2]") {
    const mode_t mask = GENERATE(as<mode_t>{}, 0000, 0022, 0077, 0027);
    const Umask umask(mask);
    REQUIRE(files.create_file(root, "key.pem"));
    CHECK(mode_of(at("key.pem")) == 0600);
    REQUIRE(files.make_directory(root, "home"));
    CHECK(mode_of(at("home")) == 0700);
}

TEST_CASE_METHOD(Fixture, "what is written is read back", "[installation]") {
    const std::size_t size = GENERATE(as<std::size_t>{}, 0, 1, 4095, 4096, 4097, 100'000);
    const std::string content(size, 'x');
    const auto file = files.create_file(root, "file");
    REQUIRE(file);
    REQUIRE(files.write(*file, content));
    const auto opened = files.open_file(root, "file");
    REQUIRE(opened);
    const auto read = files.read(*opened, 100'000);
    REQUIRE(read);
    CHECK(read->reveal() == content);
}

TEST_CASE_METHOD(Fixture, "a file over the limit is not read", "[installation]") {
    put_content(at("file"), std::string(101, 'x'));
    const auto [limit, fits] =
        GENERATE(table<std::size_t, bool>({{0, false}, {100, false}, {101, true}}));
    const auto opened = files.open_file(root, "file");
    REQUIRE(opened);
    const auto read = files.read(*opened, limit);
    CHECK(read.has_value() == fits);
    if (!fits) {
        CHECK(read.error() == std::errc::file_too_large);
    }
}

TEST_CASE_METHOD(Fixture,
                 "a name that is taken is never written over",
                 "[installation][fault-60][fault-S2]") {
    put_content(at("victim"), "precious");
    fs::create_symlink(at("victim"), at("link"));
    fs::create_symlink(at("nowhere"), at("dangling"));
    const std::string name = GENERATE(as<std::string>{}, "victim", "link", "dangling");
    const auto created = files.create_file(root, name);
    REQUIRE_FALSE(created);
    CHECK(created.error() == std::errc::file_exists);
    CHECK(content_of(at("victim")) == "precious");
    CHECK_FALSE(fs::exists(at("nowhere")));
}

TEST_CASE_METHOD(Fixture, "nothing but a regular file is opened for reading", "[installation]") {
    put_content(at("victim"), "precious");
    fs::create_symlink("victim", at("link"));
    fs::create_directory(at("directory"));
    REQUIRE(::mkfifo(at("fifo").c_str(), 0600) == 0);
    const auto [name, cause] = GENERATE(table<std::string, std::errc>({
        {"link", std::errc::too_many_symbolic_link_levels},
        {"directory", std::errc::invalid_argument},
        {"fifo", std::errc::invalid_argument},
        {"missing", std::errc::no_such_file_or_directory},
    }));
    CAPTURE(name);
    const auto opened = files.open_file(root, name);
    REQUIRE_FALSE(opened);
    CHECK(opened.error() == cause);
}

TEST_CASE_METHOD(Fixture, "a link is not opened as a directory", "[installation]") {
    fs::create_directory(at("directory"));
    fs::create_symlink("directory", at("link"));
    put_content(at("file"), "");
    CHECK(files.open_directory(root, "directory"));
    for (const std::string name : {"link", "file"}) {
        const auto opened = files.open_directory(root, name);
        REQUIRE_FALSE(opened);
        CHECK(opened.error() == std::errc::not_a_directory);
    }
}

TEST_CASE_METHOD(Fixture, "no verb leaves its directory", "[installation][fault-S3]") {
    fs::create_directory(at("inner"));
    put_content(at("victim"), "precious");
    const auto inner = files.open_directory(root, "inner");
    REQUIRE(inner);
    const std::string name = GENERATE(as<std::string>{},
                                      "",
                                      ".",
                                      "..",
                                      "../victim",
                                      "/etc/passwd",
                                      "a/b",
                                      std::string("a\0b", 3),
                                      std::string(256, 'a'));
    CAPTURE(name);
    constexpr auto kRefused = std::errc::invalid_argument;
    CHECK(files.open_directory(*inner, name).error() == kRefused);
    CHECK(files.make_directory(*inner, name).error() == kRefused);
    CHECK(files.look(*inner, name).error() == kRefused);
    CHECK(files.read_link(*inner, name).error() == kRefused);
    CHECK(files.make_link(*inner, name, "x").error() == kRefused);
    CHECK(files.create_file(*inner, name).error() == kRefused);
    CHECK(files.open_file(*inner, name).error() == kRefused);
    CHECK(files.rename(root, "victim", *inner, name).error() == kRefused);
    CHECK(files.rename(*inner, name, root, "x").error() == kRefused);
    CHECK(files.remove_file(*inner, name).error() == kRefused);
    CHECK(files.remove_directory(*inner, name).error() == kRefused);
    CHECK(content_of(at("victim")) == "precious");
}

TEST_CASE_METHOD(Fixture, "an entry is described as it is, links not followed", "[installation]") {
    put_content(at("file"), "12345");
    fs::permissions(at("file"), fs::perms{0640});
    fs::create_hard_link(at("file"), at("second"));
    fs::create_symlink("file", at("link"));
    fs::create_directory(at("directory"));
    REQUIRE(::mkfifo(at("fifo").c_str(), 0600) == 0);
    const auto file = files.look(root, "file");
    REQUIRE(file);
    CHECK(file->kind == EntryKind::file);
    CHECK(file->mode == 0640);
    CHECK(file->links == 2);
    CHECK(file->size == 5);
    CHECK(file->owner.uid == ::geteuid());
    CHECK(files.look(root, "link")->kind == EntryKind::link);
    CHECK(files.look(root, "directory")->kind == EntryKind::directory);
    CHECK(files.look(root, "fifo")->kind == EntryKind::other);
    CHECK(files.look(root, "none").error() == std::errc::no_such_file_or_directory);
    CHECK(files.describe(root)->device == file->device);
}

TEST_CASE_METHOD(Fixture, "a link is made, read, and replaced in one step", "[installation]") {
    REQUIRE(files.make_link(root, "current", "one"));
    CHECK(files.make_link(root, "current", "two").error() == std::errc::file_exists);
    REQUIRE(files.make_link(root, "next", "two"));
    REQUIRE(files.rename(root, "next", root, "current"));
    CHECK(*files.read_link(root, "current") == "two");
    CHECK(files.read_link(root, "next").error() == std::errc::no_such_file_or_directory);
}

TEST_CASE_METHOD(Fixture, "a link is never renamed over a directory", "[installation]") {
    fs::create_directory(at("taken"));
    REQUIRE(files.make_link(root, "next", "two"));
    CHECK(files.rename(root, "next", root, "taken").error() == std::errc::is_a_directory);
    CHECK(fs::is_directory(at("taken")));
}

TEST_CASE_METHOD(Fixture, "entries are listed and removed one by one", "[installation]") {
    put_content(at("file"), "");
    fs::create_directory(at("directory"));
    fs::create_symlink("file", at("link"));
    auto names = files.list(root);
    REQUIRE(names);
    std::ranges::sort(*names);
    CHECK(*names == std::vector<std::string>{"directory", "file", "link"});
    REQUIRE(files.list(root)->size() == 3);
    CHECK(files.remove_file(root, "directory").error() == std::errc::is_a_directory);
    CHECK(files.remove_directory(root, "file").error() == std::errc::not_a_directory);
    REQUIRE(files.remove_file(root, "link"));
    CHECK(fs::exists(at("file")));
    REQUIRE(files.remove_file(root, "file"));
    REQUIRE(files.remove_directory(root, "directory"));
    CHECK(files.list(root)->empty());
}

TEST_CASE_METHOD(Fixture, "modes and owners are set by descriptor", "[installation]") {
    const auto file = files.create_file(root, "file");
    REQUIRE(file);
    REQUIRE(files.set_owner(*file, {.uid = ::geteuid(), .gid = ::getegid()}));
    REQUIRE(files.set_mode(*file, 0640));
    CHECK(mode_of(at("file")) == 0640);
    REQUIRE(files.sync(*file));
    REQUIRE(files.sync(root));
    REQUIRE(files.sync_file_system(root));
}

TEST_CASE_METHOD(Fixture, "an open that fails leaves no descriptor behind", "[installation]") {
    fs::create_symlink("x", at("link"));
    const auto count = [] {
        return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator{});
    };
    const auto before = count();
    for (int i = 0; i < 100; ++i) {
        CHECK_FALSE(files.open_file(root, "link"));
        CHECK_FALSE(files.open_directory(root, "link"));
        CHECK_FALSE(files.open_file(root, "missing"));
        CHECK(files.list(root));
    }
    CHECK(count() == before);
}

}  // namespace
}  // namespace install_cert::installation
