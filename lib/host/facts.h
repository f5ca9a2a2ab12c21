// SPDX-License-Identifier: Apache-2.0
// What this host knows about itself. Every reader takes its source as an argument with the real one
// as default, so that tests build their own.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "foundation/result.h"

namespace install_cert::host {

// Failure::not_yet while it is the kernel's placeholder.
[[nodiscard]] Result<std::string> hostname();
// Whether a name has a domain, and not the one that every host has (localhost.localdomain).
[[nodiscard]] bool is_domain_name(std::string_view name);
// The canonical name that the resolver has for hostname() (getaddrinfo, AI_CANONNAME), or
// hostname() where that is one already; Failure::not_yet when neither is_domain_name(). Waits as
// long as the resolver does (resolv.conf(5): 5 s for each of 2 attempts and each server).
[[nodiscard]] Result<std::string> fqdn();
// The source address of this host towards `vault_host` (a connected UDP socket; nothing is sent).
[[nodiscard]] Result<std::string> address_towards(std::string_view vault_host);
// The first global address of an interface, IPv4 first.
[[nodiscard]] Result<std::string> address_of(std::string_view interface);
[[nodiscard]] Result<std::string> machine_id(const std::string& file = "/etc/machine-id");
// Differs between boots and not between restarts; in a container that hides the kernel's, its
// init's start.
[[nodiscard]] Result<std::string> boot_id(
    const std::string& file = "/proc/sys/kernel/random/boot_id",
    const std::string& init_stat_file = "/proc/1/stat",
    const std::string& container_file = "/run/systemd/container");

// A name, or a number as it stands. Failure::not_yet: unknown (a directory service may not be up
// yet).
[[nodiscard]] Result<uid_t> user(std::string_view name);
[[nodiscard]] Result<gid_t> group(std::string_view name);

// One fact by its name in the configuration: hostname, fqdn, machine_id, ip, ip:IFACE, env:NAME.
// Failure::usage for any other name; Failure::not_yet for one the host does not have yet.
[[nodiscard]] Result<std::string> fact(std::string_view name, std::string_view vault_host);

}  // namespace install_cert::host
