// SPDX-License-Identifier: Apache-2.0
// Which of an interface's addresses others reach this host by.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>
#include <span>
#include <string>

namespace install_cert::host {

// As inet_ntop(3) writes it, without scope; nullopt for another family, and for an address that
// means nothing outside this host or its link (loopback, link-local, unspecified, multicast).
[[nodiscard]] std::optional<std::string> global_address(const sockaddr* address);

// The same, loopback allowed.
[[nodiscard]] std::optional<std::string> numeric_address(const sockaddr* address);

// The first global one, IPv4 before IPv6.
[[nodiscard]] std::optional<std::string> first_global(std::span<const sockaddr* const> addresses);

}  // namespace install_cert::host
