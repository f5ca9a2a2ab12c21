// SPDX-License-Identifier: Apache-2.0
// The fake host, and texts around one interesting line.
#include "config_fixture.h"

#include <catch2/catch.hpp>

namespace install_cert::role {
namespace {

template <class Value>
Result<Value> find(const std::map<std::string, unsigned>& all, std::string_view name) {
    const auto found = all.find(std::string(name));
    if (found == all.end()) {
        return fail(Failure::not_yet, "no such account '" + std::string(name) + "'");
    }
    return Value{found->second};
}

void add_missing(std::string& yaml, std::string_view key, std::string_view line) {
    if (!yaml.contains("\n    " + std::string(key) + ":")) {
        yaml += line;
    }
}

}  // namespace

HostLookup FakeHost::lookup() {
    return {.fact = [this](std::string_view name, std::string_view vault) -> Result<std::string> {
                asked.push_back(std::string(name) + "@" + std::string(vault));
                const auto found = facts.find(std::string(name));
                if (found != facts.end()) {
                    return found->second;
                }
                return name.starts_with("env:") ? fail(Failure::config, "it is not set")
                                                : fail(Failure::not_yet, "there is none yet");
            },
            .environment_file = [this](const std::string& path) -> Result<std::string> {
                const auto found = files.find(path);
                return found == files.end() ? fail(Failure::not_yet, path + ": No such file")
                                            : Result<std::string>(found->second);
            },
            .user = [this](std::string_view name) { return find<uid_t>(users, name); },
            .group = [this](std::string_view name) { return find<gid_t>(groups, name); },
            .vault_environment = environment};
}

std::expected<Role, std::vector<Diagnostic>> Configuration::load(FakeHost& on) const {
    const Sources sources{
        .host = {.file = "config.yaml", .yaml = host},
        .drop_ins = drop_ins,
        .role_file = [this](std::string_view name) -> Result<Text> {
            const auto found = roles.find(std::string(name));
            if (found == roles.end()) {
                return fail(Failure::config, "no role '" + std::string(name) + "'");
            }
            return Text{.file = "roles/" + found->first + ".yaml", .yaml = found->second};
        }};
    return role::load(sources, on.lookup());
}

Role load_good(const Configuration& configuration, FakeHost host) {
    auto role = configuration.load(host);
    if (!role) {
        for (const auto& diagnostic : role.error()) {
            UNSCOPED_INFO(to_string(diagnostic));
        }
        FAIL("a sound configuration was refused");
    }
    return *std::move(role);
}

std::vector<std::string> complaints(const Configuration& configuration, FakeHost host) {
    std::vector<std::string> said;
    if (const auto role = configuration.load(host); !role) {
        for (const auto& diagnostic : role.error()) {
            said.push_back(to_string(diagnostic));
        }
    }
    return said;
}

std::string certificate_with(std::string_view lines) {
    std::string yaml =
        "vault:\n"
        "  address: https://vault.example.com\n"
        "certificates:\n"
        "  web:\n";
    yaml += lines;
    add_missing(yaml, "mount", "    mount: pki\n");
    add_missing(yaml, "role", "    role: web\n");
    add_missing(yaml, "common_name", "    common_name: web.example.com\n");
    add_missing(yaml, "directory", "    directory: /etc/web\n");
    add_missing(yaml, "files", "    files: {ca: ca.pem, certificate: web.pem, key: web-key.pem}\n");
    return yaml;
}

std::string host_file_with(std::string_view lines) {
    return certificate_with("") + std::string(lines);
}

void check_all(const std::vector<Mistake>& mistakes) {
    for (const auto& [what, yaml, said] : mistakes) {
        INFO(what << "\n" << yaml);
        CHECK(complaints({.host = yaml}) == said);
    }
}

}  // namespace install_cert::role
