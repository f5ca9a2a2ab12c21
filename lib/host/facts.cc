// SPDX-License-Identifier: Apache-2.0
// Names of this host, and every fact by its name.
#include "host/facts.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "foundation/handle.h"
#include "foundation/result.h"
#include "foundation/text.h"

namespace install_cert::host {
namespace {

using Resolved = std::unique_ptr<addrinfo, ReleaseWith<::freeaddrinfo>>;

std::string canonical_name(const std::string& name) {
    addrinfo hints{};
    hints.ai_flags = AI_CANONNAME;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) {
        return {};
    }
    const Resolved resolved(found);
    return resolved->ai_canonname == nullptr ? "" : resolved->ai_canonname;
}

Result<std::string> environment(const std::string& name) {
    // Only main() changes the environment, before anything else runs.
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
    if (value == nullptr || *value == '\0') {
        return fail(Failure::config, name + " is not set in the environment");
    }
    return value;
}

}  // namespace

bool is_domain_name(std::string_view name) {
    while (name.ends_with('.')) {
        name.remove_suffix(1);
    }
    return name.contains('.') && !name.starts_with("localhost.");
}

Result<std::string> hostname() {
    std::array<char, HOST_NAME_MAX + 1> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) {
        return fail_errno(Failure::io, "gethostname", errno);
    }
    const std::string text = name.data();
    if (text.empty() || text == "localhost" || text == "(none)") {
        return fail(Failure::not_yet, "this host has no name yet");
    }
    return text;
}

Result<std::string> fqdn() {
    const auto name = hostname();
    if (!name) {
        return name;
    }
    if (auto canonical = canonical_name(*name); is_domain_name(canonical)) {
        return canonical;
    }
    if (is_domain_name(*name)) {
        return name;
    }
    return fail(Failure::not_yet,
                "the resolver knows no domain for '" + *name + "'",
                "name it in /etc/hosts, or use ${hostname}");
}

Result<std::string> fact(std::string_view name, std::string_view vault_host) {
    if (name == "hostname") {
        return hostname();
    }
    if (name == "fqdn") {
        return fqdn();
    }
    if (name == "machine_id") {
        return machine_id();
    }
    if (name == "ip") {
        return address_towards(vault_host);
    }
    if (name.starts_with("ip:")) {
        return address_of(name.substr(3));
    }
    if (name.starts_with("env:")) {
        return environment(std::string(name.substr(4)));
    }
    return fail(Failure::usage, "no fact '" + printable(name) + "'");
}

}  // namespace install_cert::host
