// SPDX-License-Identifier: Apache-2.0
#include "agent/configuration/configuration.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "foundation/text.h"
#include "host/facts.h"
#include "host/files.h"
#include "role/load.h"

namespace install_cert::agent {
namespace {

bool exists(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0;
}

Result<role::Text> read_config_text(const std::string& path) {
    auto yaml = host::read_config(path);
    if (!yaml) {
        return std::unexpected(std::move(yaml.error()));
    }
    return role::Text{.file = path, .yaml = std::move(*yaml)};
}

std::string way_out_of_role(const Places& places, std::string_view name) {
    std::vector<std::string> shipped;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(places.shipped_roles, none)) {
        if (entry.path().extension() == ".yaml") {
            shipped.push_back(entry.path().stem());
        }
    }
    std::ranges::sort(shipped);
    const std::vector<std::string_view> known(shipped.begin(), shipped.end());
    const auto meant = nearest(name, known);
    return (meant ? "did you mean '" + *meant + "'? " : "") +
           "shipped roles: " + join(shipped, ", ");
}

Result<role::Text> role_file(const Places& places, std::string_view name) {
    if (name.contains('/') || name.starts_with('.')) {
        return fail(Failure::config, "role '" + printable(name) + "' is no name of a role file");
    }
    const std::string file = "/" + std::string(name) + ".yaml";
    for (const std::string& directory :
         {places.config_directory + "/roles", places.shipped_roles}) {
        if (!exists(directory + file)) {
            continue;
        }
        return read_config_text(directory + file);
    }
    return fail(Failure::config,
                "no role file '" + printable(name) + ".yaml' in " + places.config_directory +
                    "/roles or " + places.shipped_roles,
                way_out_of_role(places, name));
}

std::map<std::string, std::string, std::less<>> vault_environment() {
    std::map<std::string, std::string, std::less<>> variables;
    for (const std::string_view prefix : {"VAULT_", "BAO_"}) {
        for (const std::string_view suffix : {"ADDR",
                                              "CACERT",
                                              "CLIENT_CERT",
                                              "CLIENT_KEY",
                                              "TLS_SERVER_NAME",
                                              "NAMESPACE",
                                              "SKIP_VERIFY"}) {
            const std::string name = std::string(prefix) + std::string(suffix);
            if (const char* const value = std::getenv(name.c_str());
                value != nullptr && *value != '\0') {
                variables.emplace(name, value);
            }
        }
    }
    return variables;
}

role::HostLookup host_lookup() {
    return {.fact = host::fact,
            .environment_file = [](const std::string& path) { return host::read_text(path); },
            .user = host::user,
            .group = host::group,
            .vault_environment = vault_environment()};
}

bool is_same(const role::Text& a, const role::Text& b) {
    return a.file == b.file && a.yaml == b.yaml;
}

// All but the role file, whose name only the texts tell.
Result<SourceTexts> read_texts(const Places& places) {
    auto host_file = read_config_text(places.config);
    if (!host_file) {
        return std::unexpected(std::move(host_file.error()));
    }
    SourceTexts texts{.host = std::move(*host_file), .drop_ins = {}, .role = {}};
    const auto paths = host::drop_ins(places.config_directory + "/config.d");
    if (!paths) {
        return std::unexpected(paths.error());
    }
    for (const std::string& path : *paths) {
        auto text = read_config_text(path);
        if (!text) {
            return std::unexpected(std::move(text.error()));
        }
        texts.drop_ins.push_back(std::move(*text));
    }
    return texts;
}

std::expected<Configuration, std::vector<Error>> loaded(SourceTexts texts,
                                                        const role::Sources& sources) {
    auto role = role::load(sources, host_lookup());
    if (role) {
        return Configuration{.role = std::move(*role), .texts = std::move(texts)};
    }
    std::vector<Error> errors;
    for (const role::Diagnostic& diagnostic : role.error()) {
        errors.push_back({.kind = diagnostic.kind, .what = role::to_string(diagnostic)});
    }
    return std::unexpected(std::move(errors));
}

}  // namespace

std::expected<Configuration, std::vector<Error>> load_configuration(const Places& places) {
    auto texts = read_texts(places);
    if (!texts) {
        return std::unexpected(std::vector{std::move(texts.error())});
    }
    std::optional<role::Text> role_text;
    role::Sources sources = sources_of(*texts);
    sources.role_file = [&](std::string_view name) {
        auto text = role_file(places, name);
        if (text) {
            role_text = *text;
        }
        return text;
    };
    auto configuration = loaded(std::move(*texts), sources);
    if (configuration) {
        configuration->texts.role = std::move(role_text);
    }
    return configuration;
}

bool may_pass(const std::vector<Error>& errors) {
    return std::ranges::all_of(errors,
                               [](const Error& error) { return error.kind == Failure::not_yet; });
}

std::expected<Configuration, std::vector<Error>> load_accepted(const Places& places) {
    auto texts = read_accepted(places.state_directory);
    if (!texts) {
        // Whoever waits for it waits in vain.
        texts.error().kind = Failure::config;
        return std::unexpected(std::vector{std::move(texts.error())});
    }
    const role::Sources sources = sources_of(*texts);
    return loaded(*texts, sources);
}

bool files_are_accepted(const Places& places) {
    const auto accepted = read_accepted(places.state_directory);
    const auto texts = accepted ? read_texts(places) : accepted;
    if (!texts || !is_same(texts->host, accepted->host) ||
        !std::ranges::equal(texts->drop_ins, accepted->drop_ins, is_same)) {
        return false;
    }
    if (!accepted->role) {
        return true;
    }
    // Another file of that name may have come before the one that was read.
    const std::string stem = std::filesystem::path(accepted->role->file).stem();
    const auto found = role_file(places, stem);
    return found && is_same(*found, *accepted->role);
}

Result<std::vector<const role::CertificateSpec*>> select(const role::Role& role,
                                                         const std::vector<std::string>& names,
                                                         std::string_view where) {
    std::vector<std::string_view> known;
    std::ranges::transform(
        role.certificates, std::back_inserter(known), &role::CertificateSpec::name);
    for (const std::string& name : names) {
        if (std::ranges::find(known, name) == known.end()) {
            const auto meant = nearest(name, known);
            return fail(Failure::usage,
                        "no certificate '" + printable(name) + "' " + std::string(where),
                        meant ? "did you mean '" + *meant + "'?" : "");
        }
    }
    std::vector<const role::CertificateSpec*> selected;
    for (const role::CertificateSpec& spec : role.certificates) {
        if (names.empty() || std::ranges::find(names, spec.name) != names.end()) {
            selected.push_back(&spec);
        }
    }
    return selected;
}

}  // namespace install_cert::agent
