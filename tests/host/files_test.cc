// SPDX-License-Identifier: Apache-2.0
// Input files, sound and hostile: late, empty, too open, somebody else's, links, devices, huge.
#include "host/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/temporary_directory.h"

namespace install_cert::host {
namespace {

using testing::put_content;
using testing::TemporaryDirectory;

constexpr uid_t kStranger = 12345;

class Place {
  public:
    std::string file(const std::string& content, mode_t mode = 0600) const {
        const auto path = directory_.path() / "file";
        put_content(path, content);
        REQUIRE(::chmod(path.c_str(), mode) == 0);
        return path;
    }

    std::string link_to(const std::string& target, const std::string& name = "link") const {
        const auto path = directory_.path() / name;
        REQUIRE(::symlink(target.c_str(), path.c_str()) == 0);
        return path;
    }

    std::string at(const std::string& name) const { return directory_.path() / name; }

  private:
    TemporaryDirectory directory_;
};

bool is_root() {
    return ::geteuid() == 0;
}

}  // namespace

TEST_CASE("a secret is read without its line end", "[host][fault-15]") {
    const auto [content, secret] = GENERATE(table<std::string, std::string>({
        {"hvs.token", "hvs.token"},
        {"hvs.token\n", "hvs.token"},
        {"hvs.token\r\n", "hvs.token"},
        {std::string(kSecretLimit, 't'), std::string(kSecretLimit, 't')},
    }));
    const Place place;
    const auto read = read_secret(place.file(content));
    REQUIRE(read);
    CHECK((read->reveal() == secret));
}

TEST_CASE("what is no token is refused without repeating it", "[host][fault-15]") {
    const auto [what, content] = GENERATE(table<std::string, std::string>({
        {"two line ends", "s3cret\n\n"},
        {"two lines", "s3cret\nX-Evil: 1\n"},
        {"a carriage return within", "s3cret\rX\n"},
        {"a space", "s3cret s3cret\n"},
        {"a tab", "s3cret\t\n"},
        {"a NUL", std::string("s3cret\0", 7)},
        {"a DEL", "s3cret\x7F"},
        {"not ASCII", "s3cret\xC3\xBC"},
        {"too long", std::string(kSecretLimit + 1, 's') + "3cret"},
    }));
    CAPTURE(what);
    const Place place;
    const auto read = read_secret(place.file(content));
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == Failure::denied);
    CHECK_THAT(read.error().what, Catch::Contains(place.at("file")));
    CHECK_THAT(read.error().what, !Catch::Contains("s3cret"));
}

TEST_CASE("a secret that is not there yet, or still empty, is waited for", "[host]") {
    const Place place;
    CHECK(read_secret(place.at("none")).error().kind == Failure::not_yet);
    CHECK(read_secret(place.at("none/token")).error().kind == Failure::not_yet);
    CHECK(read_secret(place.file("")).error().kind == Failure::not_yet);
    CHECK(read_secret(place.file("\n")).error().kind == Failure::not_yet);
    CHECK(read_secret(place.link_to("none")).error().kind == Failure::not_yet);
}

TEST_CASE("a secret that others can read or write is refused, with its mode and path",
          "[host][fault-13][fault-S6]") {
    const auto [mode, refused] = GENERATE(table<mode_t, bool>({
        {0600, false},
        {0400, false},
        {0640, false},
        {0440, false},
        {0604, true},
        {0602, true},
        {0601, true},
        {0620, true},
        {0644, true},
        {0666, true},
    }));
    CAPTURE(mode);
    const Place place;
    const auto path = place.file("s3cret", mode);
    const auto read = read_secret(path);
    CHECK(read.has_value() != refused);
    if (refused) {
        CHECK(read.error().kind == Failure::denied);
        CHECK_THAT(read.error().what, Catch::StartsWith(path + ": mode 0"));
        CHECK_FALSE(read.error().way_out.empty());
    }
}

TEST_CASE("a pod's token may be read by everybody in the pod, and written by nobody", "[host]") {
    const Place place;
    CHECK(read_secret(place.file("token", 0644), Readers::anybody));
    CHECK_FALSE(read_secret(place.file("token", 0646), Readers::anybody));
    CHECK_FALSE(read_secret(place.file("token", 0664), Readers::anybody));
}

TEST_CASE("what is no regular file is refused at once, and a FIFO never waited for",
          "[host][fault-14]") {
    const Place place;
    const auto fifo = place.at("fifo");
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    for (const auto& path : {fifo, place.at("."), std::string("/dev/zero")}) {
        CAPTURE(path);
        CHECK(read_secret(path).error().kind == Failure::denied);
        CHECK(read_config(path).error().kind == Failure::config);
    }
}

TEST_CASE("a link of ours is followed, relative or absolute, but not for ever",
          "[host][fault-14]") {
    const Place place;
    const auto file = place.file("token");
    CHECK(read_secret(place.link_to("file", "relative")));
    CHECK(read_secret(place.link_to(file, "absolute")));
    CHECK(read_secret(place.link_to("relative", "chain")));
    CHECK(read_secret(place.link_to("loop", "loop")).error().kind == Failure::io);
}

TEST_CASE("a stranger's file or link is refused", "[host][fault-13][fault-S6]") {
    if (!is_root()) {
        WARN("only root can make a stranger's file");
        return;
    }
    const Place place;
    const auto file = place.file("token");
    const auto link = place.link_to("file");
    REQUIRE(::lchown(link.c_str(), kStranger, kStranger) == 0);
    CHECK(read_secret(link).error().kind == Failure::denied);
    CHECK(read_config(link).error().kind == Failure::config);
    REQUIRE(::chown(file.c_str(), kStranger, kStranger) == 0);
    CHECK_THAT(read_secret(file).error().what, Catch::Contains("belongs to user 12345"));
    CHECK_THAT(read_config(file).error().what, Catch::Contains("belongs to user 12345"));
}

TEST_CASE("a configuration must be there, and writable by its owner alone", "[host][fault-101]") {
    const auto [mode, refused] = GENERATE(table<mode_t, bool>({
        {0644, false},
        {0600, false},
        {0444, false},
        {0664, true},
        {0646, true},
        {0666, true},
    }));
    CAPTURE(mode);
    const Place place;
    const auto read = read_config(place.file("role: etcd\n", mode));
    CHECK(read.has_value() != refused);
    if (refused) {
        CHECK(read.error().kind == Failure::config);
        CHECK_THAT(read.error().what, Catch::Contains("lets others write it"));
    }
    CHECK(read_config(place.at("none")).error().kind == Failure::config);
}

TEST_CASE("a text is read whole up to its limit, also where its size is not told", "[host]") {
    const auto size = GENERATE(0U, 1U, 4096U, 4097U, 10000U);
    CAPTURE(size);
    const Place place;
    const auto path = place.file(std::string(size, 'x'));
    CHECK(read_text(path, 10000).value() == std::string(size, 'x'));
    CHECK(read_text(place.file(std::string(10001, 'x')), 10000).error().kind == Failure::config);
    CHECK(read_text("/proc/self/status").value().contains("Name:"));
    CHECK(read_text(place.at("none")).error().kind == Failure::not_yet);
}

TEST_CASE("a configuration of 1 MiB is read and a larger one is not", "[host]") {
    const Place place;
    CHECK(read_config(place.file(std::string(kConfigLimit, '#'))));
    const auto read = read_config(place.file(std::string(kConfigLimit + 1, '#')));
    CHECK(read.error().kind == Failure::config);
    CHECK_THAT(read.error().what, Catch::Contains("larger than 1024 KiB"));
}

TEST_CASE("drop-ins are the directory's *.yaml in the order of their names", "[host]") {
    const Place place;
    for (const auto* name : {"20-b.yaml", "10-a.yaml", "notes.txt", ".hidden.yaml", "x.yaml~"}) {
        put_content(place.at(name), "");
    }
    CHECK(drop_ins(place.at(".")).value() ==
          std::vector<std::string>{place.at(".") + "/10-a.yaml", place.at(".") + "/20-b.yaml"});
    CHECK(drop_ins(place.at("none")).value().empty());
    CHECK(drop_ins(place.at("10-a.yaml")).error().kind == Failure::config);
}

TEST_CASE("a file that was replaced or written to is told from what it was", "[host]") {
    const Place place;
    CHECK(file_version(place.at("none")).empty());
    CHECK(file_version(place.at(".")).empty());
    const auto path = place.file("first");
    const std::string first = file_version(path);
    CHECK_FALSE(first.empty());
    CHECK(file_version(path) == first);
    CHECK(file_version(place.link_to(path)) == first);
    put_content(place.at("new"), "first");
    SECTION("another file") {
        std::filesystem::rename(place.at("new"), path);
        CHECK(file_version(path) != first);
    }
    SECTION("a later content") {
        std::filesystem::last_write_time(
            path, std::filesystem::last_write_time(path) + std::chrono::nanoseconds{1});
        CHECK(file_version(path) != first);
    }
}

}  // namespace install_cert::host
