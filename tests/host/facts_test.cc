// SPDX-License-Identifier: Apache-2.0
// Facts of a host: each from its source, each told apart from what is not there yet.
#include "host/facts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "host/addresses.h"
#include "support/temporary_directory.h"

namespace install_cert::host {
namespace {

using testing::put_content;
using testing::TemporaryDirectory;

// An address of either family in room for both.
struct Address {
    explicit Address(const std::string& text) {
        const bool is_v6 = text.contains(':');
        storage.ss_family = is_v6 ? AF_INET6 : AF_INET;
        void* place =
            is_v6 ? static_cast<void*>(&reinterpret_cast<sockaddr_in6*>(&storage)->sin6_addr)
                  : static_cast<void*>(&reinterpret_cast<sockaddr_in*>(&storage)->sin_addr);
        REQUIRE(::inet_pton(storage.ss_family, text.c_str(), place) == 1);
    }

    [[nodiscard]] const sockaddr* get() const {
        return reinterpret_cast<const sockaddr*>(&storage);
    }

    sockaddr_storage storage{};
};

std::string stat_line(const std::string& name, const std::string& start) {
    return "1 (" + name + ") S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 " + start + " 17 18\n";
}

}  // namespace

TEST_CASE("only addresses that others can reach are global", "[host]") {
    const auto [text, is_global] = GENERATE(table<std::string, bool>({
        {"10.0.0.7", true},
        {"192.0.2.1", true},
        {"127.0.0.1", false},
        {"169.254.1.1", false},
        {"0.0.0.0", false},
        {"224.0.0.1", false},
        {"fd00::7", true},
        {"2001:db8::1", true},
        {"::1", false},
        {"fe80::1", false},
        {"ff02::1", false},
        {"::", false},
    }));
    CAPTURE(text);
    const Address address(text);
    CHECK(global_address(address.get()) == (is_global ? std::optional(text) : std::nullopt));
}

TEST_CASE("the first global address of an interface is taken, IPv4 before IPv6", "[host]") {
    const Address link("fe80::1");
    const Address six("fd00::7");
    const Address loop("127.0.0.1");
    const Address four("10.0.0.7");
    const Address other("10.0.0.8");
    const std::array all{link.get(),
                         six.get(),
                         static_cast<const sockaddr*>(nullptr),
                         loop.get(),
                         four.get(),
                         other.get()};
    CHECK(first_global(all) == "10.0.0.7");
    CHECK(first_global(std::span(all).first(2)) == "fd00::7");
    CHECK_FALSE(first_global(std::span(all).first(1)));
}

TEST_CASE("the address towards a host is the one that routing picks", "[host]") {
    CHECK(address_towards("127.0.0.1").value() == "127.0.0.1");
    const auto unresolved = address_towards("no such host");
    CHECK(unresolved.error().kind == Failure::not_yet);
    CHECK_THAT(unresolved.error().what, Catch::StartsWith("resolving no such host: "));
}

TEST_CASE("an interface that is not there may still come", "[host]") {
    const auto address = address_of("nosuchif0");
    CHECK(address.error().kind == Failure::not_yet);
    CHECK(address.error().what == "interface nosuchif0 is not there");
}

TEST_CASE("a machine id is 32 hexadecimal digits, and may not be there yet", "[host]") {
    const TemporaryDirectory place;
    const std::string file = place.path() / "machine-id";
    CHECK(machine_id(file).error().kind == Failure::not_yet);
    put_content(file, "0123456789ABCDEF0123456789abcdef\n");
    CHECK(machine_id(file).value() == "0123456789abcdef0123456789abcdef");
    for (const auto* content :
         {"", "uninitialized\n", "0123\n", "0123456789abcdef0123456789abcdeg"}) {
        put_content(file, content);
        CHECK(machine_id(file).error().kind == Failure::not_yet);
    }
}

TEST_CASE("a boot is told by the kernel's id", "[host]") {
    const TemporaryDirectory place;
    const std::string file = place.path() / "boot_id";
    put_content(file, "1b4e28ba-2fa1-11d2-883f-0016d3cca427\n");
    CHECK(boot_id(file, "/none", "/none").value() == "1b4e28ba-2fa1-11d2-883f-0016d3cca427");
    CHECK(boot_id().value() == boot_id().value());
}

TEST_CASE("where the kernel's id is hidden, a boot is told by when init started", "[host]") {
    const TemporaryDirectory place;
    const std::string id = place.path() / "boot_id";
    const std::string stat = place.path() / "stat";
    const bool masked = GENERATE(false, true);
    if (masked) {
        put_content(id, "");  // an empty file bound over it
    }
    put_content(stat, stat_line("systemd", "4711"));
    const auto first = boot_id(id, stat).value();
    CHECK(first == "init-4711");
    CHECK(boot_id(id, stat).value() == first);
    put_content(stat, stat_line("a (b) c", "4712"));
    CHECK(boot_id(id, stat).value() == "init-4712");
    put_content(stat, "1 (systemd) S 0\n");
    CHECK(boot_id(id, stat).error().kind == Failure::io);
    CHECK_FALSE(boot_id(id, "/none"));
}

TEST_CASE("a container's boot is told by when its init started, whichever id is seen", "[host]") {
    const TemporaryDirectory place;
    const std::string id = place.path() / "boot_id";
    const std::string stat = place.path() / "stat";
    const std::string container = place.path() / "container";
    put_content(container, "systemd-nspawn");
    put_content(stat, stat_line("systemd", "4711"));
    put_content(id, "1b4e28ba-2fa1-11d2-883f-0016d3cca427\n");
    const auto outside = boot_id(id, stat, container).value();
    put_content(id, "8397ff57-62bb-4ce4-9b1f-9b4bb82cedb5\n");
    CHECK(boot_id(id, stat, container).value() == outside);
    put_content(stat, stat_line("systemd", "4712"));
    CHECK(boot_id(id, stat, container).value() != outside);
}

TEST_CASE("accounts are known by name or number", "[host]") {
    CHECK(user("root").value() == 0);
    CHECK(group("root").value() == 0);
    CHECK(user("54321").value() == 54321);
    CHECK(group("0").value() == 0);
    for (const auto* name : {"no-such-account", "", "4294967295", "99999999999", "-1", "1a"}) {
        CAPTURE(name);
        CHECK(user(name).error().kind == Failure::not_yet);
        CHECK(group(name).error().kind == Failure::not_yet);
    }
    CHECK(user("nobody-here").error().what == "no user 'nobody-here' on this host (yet)");
}

TEST_CASE("a domain name has a domain that is not every host's", "[host]") {
    const auto [name, has] = GENERATE(table<std::string, bool>({
        {"node7.example.com", true},
        {"node7.example.com.", true},
        {"node7", false},
        {"node7.", false},
        {"", false},
        {"localhost", false},
        {"localhost.localdomain", false},
    }));
    CHECK(is_domain_name(name) == has);
}

TEST_CASE("each fact has its name, and no other name is one", "[host]") {
    REQUIRE(::setenv("INSTALL_CERT_TEST", "eu", 1) == 0);
    CHECK(fact("env:INSTALL_CERT_TEST", "").value() == "eu");
    REQUIRE(::setenv("INSTALL_CERT_TEST", "", 1) == 0);
    CHECK(fact("env:INSTALL_CERT_TEST", "").error().kind == Failure::config);
    REQUIRE(::unsetenv("INSTALL_CERT_TEST") == 0);
    CHECK(fact("env:INSTALL_CERT_TEST", "").error().kind == Failure::config);
    CHECK(fact("ip", "127.0.0.2").value() == "127.0.0.1");
    CHECK(fact("ip:nosuchif0", "").error().kind == Failure::not_yet);
    CHECK(fact("hostname", "").has_value() == hostname().has_value());
    CHECK(fact("machine_id", "").has_value() == machine_id().has_value());
    CHECK(fact("uptime", "").error().kind == Failure::usage);
    CHECK(fact("", "").error().kind == Failure::usage);
}

TEST_CASE("the host's name is the kernel's, and its full name has a domain or is not there yet",
          "[host]") {
    std::array<char, 256> name{};
    REQUIRE(::gethostname(name.data(), name.size() - 1) == 0);
    if (const auto ours = hostname()) {
        CHECK(*ours == name.data());
    } else {
        CHECK(ours.error().kind == Failure::not_yet);
    }
    if (const auto full = fqdn()) {
        CHECK(is_domain_name(*full));
    } else {
        CHECK(full.error().kind == Failure::not_yet);
    }
}

}  // namespace install_cert::host
