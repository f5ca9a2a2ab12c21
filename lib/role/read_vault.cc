// SPDX-License-Identifier: Apache-2.0
// Reads and checks how Vault is reached.
#include "role/read_vault.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/text.h"
#include "role/address.h"
#include "role/diagnostics.h"
#include "role/document.h"
#include "role/load.h"
#include "role/read_auth.h"
#include "role/role.h"
#include "role/section.h"
#include "role/vault_environment.h"

namespace install_cert::role {
namespace {

void check_transport(const Section& vault,
                     const VaultAddress& address,
                     std::vector<std::string>& warnings) {
    const bool allowance_is_faulty = vault.has("insecure_http") && !vault.find("insecure_http");
    if (!address.is_http || address.is_loopback || allowance_is_faulty) {
        return;
    }
    if (!vault.flag("insecure_http")) {
        vault.report(vault.mark_of("address"),
                     "plain http to " + address.host + ": the token would travel in the clear",
                     "use https, or write insecure_http: true");
        return;
    }
    warnings.push_back("vault.insecure_http: the token and every key travel in the clear to " +
                       address.host);
}

std::string read_address(const Section& vault, std::vector<std::string>& warnings) {
    if (!vault.has("address")) {
        vault.report_missing("vault has no 'address' (nor is VAULT_ADDR or BAO_ADDR set)");
        return {};
    }
    const auto written = vault.text("address");
    if (!written) {
        return {};
    }
    const auto address = parse_address(*written);
    if (!address) {
        vault.report(vault.mark_of("address"),
                     "vault.address: " + address.error().what,
                     address.error().way_out);
        return {};
    }
    check_transport(vault, *address, warnings);
    return address->text;
}

// The value of VAULT_SKIP_VERIFY as Go's strconv.ParseBool reads it; what it does not know is taken
// for a yes, which is the safe reading here.
bool asks_to_skip(const HostLookup& host, const std::string& variable) {
    const auto value = to_lower(host.vault_environment.find(variable)->second);
    return value != "0" && value != "f" && value != "false";
}

bool read_skip_verify(const Section& vault,
                      const HostLookup& host,
                      std::vector<std::string>& warnings) {
    const bool allowed = vault.flag("insecure_skip_verify");
    const auto variable = set_variable(host, "SKIP_VERIFY");
    if (!allowed && variable && asks_to_skip(host, *variable)) {
        vault.report({.source = nullptr},
                     "environment variable " + *variable +
                         " is set: anybody on the network could then pose as Vault and take the "
                         "token",
                     "set vault.ca_cert, or write insecure_skip_verify: true under 'vault'");
    }
    if (allowed) {
        warnings.emplace_back(
            "vault.insecure_skip_verify: Vault's certificate is not checked; anybody on the "
            "network can pose as Vault and take the token");
    }
    return allowed;
}

void check_client_pair(const Section& vault) {
    if (vault.has("client_cert") != vault.has("client_key")) {
        const bool has_certificate = vault.has("client_cert");
        const auto* there = has_certificate ? "client_cert" : "client_key";
        const auto* missing = has_certificate ? "client_key" : "client_cert";
        vault.diagnostics().add_absence(
            vault.mark_of(there),
            Remark{.what = quoted(there) + " without " + quoted(missing),
                   .way_out = "mutual TLS needs both"});
    }
}

// Both go into a header or a TLS extension as they stand.
std::string read_word(const Section& vault, std::string_view key) {
    auto word = vault.text(key).value_or("");
    if (std::ranges::any_of(word, [](char c) { return c <= ' ' || c > '~'; })) {
        vault.report(vault.mark_of(key), quoted(key) + " holds more than printable ASCII");
    }
    return word;
}

}  // namespace

VaultAccess read_vault(const Section& vault,
                       const HostLookup& host,
                       std::vector<std::string>& warnings) {
    VaultAccess access{
        .address = read_address(vault, warnings),
        .ca_cert = vault.path("ca_cert"),
        .client_cert = vault.path("client_cert"),
        .client_key = vault.path("client_key"),
        .tls_server_name = read_word(vault, "tls_server_name"),
        .name_space = read_word(vault, "namespace"),
        .insecure_skip_verify = read_skip_verify(vault, host, warnings),
        .auth = default_auth(),
    };
    check_client_pair(vault);
    const Section auth(
        vault.find("auth"), vault.mark_of("auth"), "vault.auth", vault.diagnostics());
    access.auth = read_auth(auth, access);
    return access;
}

std::string vault_host(const Node* address) {
    if (address == nullptr || address->kind != Kind::scalar) {
        return {};
    }
    const auto parsed = parse_address(address->text);
    return parsed ? parsed->host : "";
}

}  // namespace install_cert::role
