// SPDX-License-Identifier: Apache-2.0
// Maps the environment variables of Vault's and OpenBao's own tools to keys of the configuration.
#include "role/vault_environment.h"

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "role/diagnostics.h"
#include "role/document.h"
#include "role/load.h"

namespace install_cert::role {
namespace {

struct Mapped {
    std::string_view suffix;
    const char* key;
};

constexpr std::array kMapped{
    Mapped{"ADDR", "address"},
    Mapped{"CACERT", "ca_cert"},
    Mapped{"CLIENT_CERT", "client_cert"},
    Mapped{"CLIENT_KEY", "client_key"},
    Mapped{"TLS_SERVER_NAME", "tls_server_name"},
    Mapped{"NAMESPACE", "namespace"},
};

Node mapping_at(const Mark& mark) {
    Node node;
    node.kind = Kind::mapping;
    node.mark = mark;
    return node;
}

}  // namespace

std::optional<std::string> set_variable(const HostLookup& host, std::string_view suffix) {
    for (const std::string prefix : {"BAO_", "VAULT_"}) {
        auto name = prefix + std::string(suffix);
        const auto found = host.vault_environment.find(name);
        if (found != host.vault_environment.end() && !found->second.empty()) {
            return name;
        }
    }
    return std::nullopt;
}

Node vault_environment(const HostLookup& host, std::deque<Source>& sources) {
    Node vault = mapping_at({});
    for (const auto& [suffix, key] : kMapped) {
        if (const auto name = set_variable(host, suffix)) {
            const auto& source =
                sources.emplace_back(Source{.file = "environment variable " + *name, .order = -1});
            const Mark mark{.source = &source};
            Node value;
            value.kind = Kind::scalar;
            value.mark = mark;
            value.text = host.vault_environment.find(*name)->second;
            vault.mark = mark;
            vault.entries.push_back({key, mark, std::move(value)});
        }
    }
    Node root = mapping_at(vault.mark);
    if (!vault.entries.empty()) {
        root.entries.push_back({"vault", vault.mark, std::move(vault)});
    }
    return root;
}

}  // namespace install_cert::role
