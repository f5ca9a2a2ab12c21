// SPDX-License-Identifier: Apache-2.0
// Addresses of interfaces, and the one that routing picks towards a host.
#include "host/addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/handle.h"
#include "foundation/result.h"
#include "foundation/unique_fd.h"
#include "host/facts.h"

namespace install_cert::host {
namespace {

using Resolved = std::unique_ptr<addrinfo, ReleaseWith<::freeaddrinfo>>;
using Interfaces = std::unique_ptr<ifaddrs, ReleaseWith<::freeifaddrs>>;

enum class Reach : std::uint8_t { unknown, loopback, link, global };

Reach reach_of(const in_addr& address) {
    const auto value = ntohl(address.s_addr);
    if (value == INADDR_ANY || IN_MULTICAST(value)) {
        return Reach::unknown;
    }
    if ((value >> 24U) == IN_LOOPBACKNET) {
        return Reach::loopback;
    }
    return (value >> 16U) == 0xA9FE ? Reach::link : Reach::global;  // RFC 3927
}

Reach reach_of(const in6_addr& address) {
    if (IN6_IS_ADDR_UNSPECIFIED(&address) || IN6_IS_ADDR_MULTICAST(&address)) {
        return Reach::unknown;
    }
    if (IN6_IS_ADDR_LOOPBACK(&address)) {
        return Reach::loopback;
    }
    return IN6_IS_ADDR_LINKLOCAL(&address) ? Reach::link : Reach::global;
}

struct Numeric {
    std::string text;
    Reach reach = Reach::unknown;
};

template <class Socket, class Address>
Numeric numeric(const sockaddr* address, Address Socket::* member) {
    Socket typed{};
    std::memcpy(&typed, address, sizeof typed);  // no alignment is promised
    std::array<char, INET6_ADDRSTRLEN> text{};
    const auto& ip = typed.*member;
    if (::inet_ntop(address->sa_family, &ip, text.data(), text.size()) == nullptr) {
        return {};
    }
    return {text.data(), reach_of(ip)};
}

Numeric numeric(const sockaddr* address) {
    if (address == nullptr) {
        return {};
    }
    switch (address->sa_family) {
        case AF_INET:
            return numeric(address, &sockaddr_in::sin_addr);
        case AF_INET6:
            return numeric(address, &sockaddr_in6::sin6_addr);
        default:
            return {};
    }
}

// The source address that a datagram to `target` would have; nothing is sent.
std::optional<std::string> source_towards(const addrinfo& target) {
    const UniqueFd socket(::socket(target.ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket || ::connect(socket.get(), target.ai_addr, target.ai_addrlen) != 0) {
        return std::nullopt;
    }
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the sockets interface
    auto* address = reinterpret_cast<sockaddr*>(&own);
    if (::getsockname(socket.get(), address, &size) != 0) {
        return std::nullopt;
    }
    return numeric_address(address);
}

}  // namespace

std::optional<std::string> global_address(const sockaddr* address) {
    auto [text, reach] = numeric(address);
    return reach == Reach::global ? std::optional(std::move(text)) : std::nullopt;
}

std::optional<std::string> numeric_address(const sockaddr* address) {
    auto [text, reach] = numeric(address);
    const bool usable = reach == Reach::global || reach == Reach::loopback;
    return usable ? std::optional(std::move(text)) : std::nullopt;
}

std::optional<std::string> first_global(std::span<const sockaddr* const> addresses) {
    for (const auto family : {AF_INET, AF_INET6}) {
        for (const auto* address : addresses) {
            if (address != nullptr && address->sa_family == family) {
                if (auto found = global_address(address)) {
                    return found;
                }
            }
        }
    }
    return std::nullopt;
}

Result<std::string> address_towards(std::string_view vault_host) {
    const std::string name(vault_host);
    addrinfo hints{};
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    // Any port does, since nothing is sent; this is Vault's.
    const int error = ::getaddrinfo(name.c_str(), "8200", &hints, &found);
    if (error != 0) {
        return fail(Failure::not_yet, "resolving " + name + ": " + ::gai_strerror(error));
    }
    const Resolved resolved(found);
    for (const auto* target = resolved.get(); target != nullptr; target = target->ai_next) {
        if (auto address = source_towards(*target)) {
            return *std::move(address);
        }
    }
    return fail(Failure::not_yet, "no address of this host leads to " + name);
}

Result<std::string> address_of(std::string_view interface) {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) {
        return fail_errno(Failure::io, "listing interfaces", errno);
    }
    const Interfaces interfaces(list);
    std::vector<const sockaddr*> addresses;
    for (const auto* entry = list; entry != nullptr; entry = entry->ifa_next) {
        if (entry->ifa_name == interface) {
            addresses.push_back(entry->ifa_addr);
        }
    }
    if (auto address = first_global(addresses)) {
        return *std::move(address);
    }
    return fail(Failure::not_yet,
                "interface " + std::string(interface) +
                    (addresses.empty() ? " is not there" : " has no global address"));
}

}  // namespace install_cert::host
