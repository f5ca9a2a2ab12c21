// SPDX-License-Identifier: Apache-2.0
#include "foundation/secret.h"

#include <fcntl.h>

#include <type_traits>

#include <catch2/catch.hpp>

#include "foundation/unique_fd.h"

using namespace install_cert;

TEST_CASE("a secret cannot be copied, only moved or cloned on purpose", "[secret]") {
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<Secret>);
    STATIC_REQUIRE_FALSE(std::is_copy_assignable_v<Secret>);
    Secret first("s3cret");
    Secret second = std::move(first);
    CHECK(first.empty());
    CHECK(second.reveal() == "s3cret");
    CHECK(second.clone().reveal() == "s3cret");
}

TEST_CASE("a secret grows without moving up to its reserve and ends in NUL", "[secret]") {
    Secret secret;
    secret.reserve(8);
    const char* const at = secret.data();
    secret.append("1234");
    secret.append("5678");
    CHECK(secret.data() == at);
    CHECK(secret.data()[8] == '\0');
    secret.append("9");
    CHECK(secret.reveal() == "123456789");
}

TEST_CASE("what falls off a shrinking secret is overwritten", "[secret][fault-S11]") {
    Secret secret("12345678");
    const char* const at = secret.data();
    secret.resize(2);
    CHECK(secret.reveal() == "12");
    CHECK(std::string_view(at + 2, 6) == std::string_view("\0\0\0\0\0\0", 6));
    secret.resize(4);
    CHECK(secret.reveal() == std::string_view("12\0\0", 4));
}

TEST_CASE("a wiped secret is empty and can be used again", "[secret]") {
    Secret secret("token");
    secret.wipe();
    CHECK(secret.empty());
    CHECK(secret.reveal().empty());
    secret.append("other");
    CHECK(secret.reveal() == "other");
}

TEST_CASE("a descriptor has one owner", "[unique_fd]") {
    const int raw = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    REQUIRE(raw >= 0);
    UniqueFd first(raw);
    UniqueFd second = std::move(first);
    CHECK_FALSE(first);
    CHECK(second.get() == raw);
    second.reset();
    CHECK(::fcntl(raw, F_GETFD) == -1);
}
