// SPDX-License-Identifier: Apache-2.0
#include "agent/record/lock.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "support/temporary_directory.h"

using namespace install_cert;
using namespace install_cert::agent;

namespace {

mode_t mode_of(const std::string& path) {
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777U;
}

}  // namespace

TEST_CASE("no umask keeps others from what lies beside the private directory",
          "[lock][fault-S14]") {
    const testing::TemporaryDirectory root;
    const mode_t mask = GENERATE(as<mode_t>{}, 0000, 0022, 0077, 0777);
    CAPTURE(mask);
    const mode_t before = ::umask(mask);
    const auto made = make_private_directory(root.string() + "/var/lib/install-cert");
    (void)::umask(before);
    REQUIRE(made);
    CHECK(mode_of(root.string() + "/var") == 0755);
    CHECK(mode_of(root.string() + "/var/lib") == 0755);
    CHECK(mode_of(root.string() + "/var/lib/install-cert") == 0700);
}

TEST_CASE("a directory that is there keeps its mode", "[lock]") {
    const testing::TemporaryDirectory root;
    const std::string var = root.string() + "/var";
    REQUIRE(::mkdir(var.c_str(), 0700) == 0);
    REQUIRE(::chmod(var.c_str(), 0711) == 0);
    REQUIRE(make_private_directory(var + "/lib"));
    CHECK(mode_of(var) == 0711);
    REQUIRE(make_private_directory(var + "/lib"));
}

TEST_CASE("one instance at a time holds the lock, and says who", "[lock]") {
    const testing::TemporaryDirectory root;
    {
        const auto held = TurnLock::take(root.string());
        REQUIRE(held);
        const auto other = TurnLock::take(root.string());
        REQUIRE_FALSE(other);
        CHECK(other.error().kind == Failure::not_yet);
        CHECK_THAT(other.error().what, Catch::Contains("pid " + std::to_string(::getpid())));
    }
    CHECK(TurnLock::take(root.string()));
}
