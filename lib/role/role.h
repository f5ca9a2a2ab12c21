// SPDX-License-Identifier: Apache-2.0
// What this node must hold: the configuration after merging, expansion and checking, as plain
// values.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "x509/key.h"
#include "x509/names.h"

namespace install_cert::role {

// "config.yaml:12:5"; line and column count from 1.
struct Position {
    std::string file;
    int line = 0;
    int column = 0;
};

enum class AuthMethod : std::uint8_t { token, approle, cert, jwt, kubernetes };

// How to log in. Paths are absolute; they name inputs, so --root never prefixes them.
struct Auth {
    AuthMethod method = AuthMethod::token;
    std::string mount;       // of the auth method; default: the method's own name
    std::string token_file;  // token
    bool token_file_is_default =
        true;  // nobody wrote it: credential `vault-token`, then VAULT_TOKEN may stand in
    std::string role_id;         // approle
    std::string role_id_file;    // approle, instead of role_id
    std::string secret_id_file;  // approle
    std::string role;            // cert (optional), jwt, kubernetes
    std::string jwt_file;        // jwt, kubernetes

    bool operator==(const Auth&) const = default;
};

struct VaultAccess {
    std::string address;  // scheme://host[:port], nothing after it
    std::string ca_cert;  // empty: the system's trust store
    std::string client_cert;
    std::string client_key;
    std::string tls_server_name;
    std::string name_space;
    bool insecure_skip_verify = false;
    Auth auth;
};

enum class OnBoot : std::uint8_t { always, when_due };

struct ShareOfLifetime {
    double share;  // 0 < share < 1
};

struct BeforeExpiry {
    std::chrono::seconds lead;
};

struct RenewalPolicy {
    OnBoot on_boot = OnBoot::always;
    std::variant<ShareOfLifetime, BeforeExpiry> at = ShareOfLifetime{0.66};
    double spread = 0.10;  // share of the lifetime, 0 .. 0.5
    std::chrono::seconds ca_refresh{3600};
    std::chrono::seconds ca_lead{7200};
};

enum class Method : std::uint8_t { issue, sign };
enum class Rekey : std::uint8_t { always, never };

// Who a file is for. Names were looked up on this host when the role was loaded.
struct Ownership {
    uid_t uid = 0;
    gid_t gid = 0;

    bool operator==(const Ownership&) const = default;
};

struct File {
    std::string name;  // within CertificateSpec::directory
    mode_t mode = 0;
};

// Every one is optional.
struct Files {
    std::optional<File> ca;
    std::optional<File> certificate;
    std::optional<File> key;
    std::optional<File> response;
};

enum class When : std::uint8_t { certificate_change, ca_change };
enum class UnitAction : std::uint8_t { reload_or_restart, reload, restart };

struct UnitConsumer {
    std::string unit;
    UnitAction action = UnitAction::reload_or_restart;
};

struct CommandConsumer {
    std::vector<std::string> argv;  // argv[0] is absolute
};

struct Consumer {
    std::variant<UnitConsumer, CommandConsumer> what;
    When when = When::certificate_change;
    std::chrono::seconds timeout{30};
};

struct CertificateSpec {
    std::string name;   // [a-z0-9][a-z0-9._-]{0,63}
    std::string mount;  // without leading or trailing slash
    std::string pki_role;
    Auth auth;
    Method method = Method::issue;
    std::optional<x509::KeyKind>
        key;  // nullopt: not written; then ec 256 for sign, unchecked for issue
    Rekey rekey = Rekey::always;
    x509::Names names;                                     // normalized
    std::optional<std::vector<std::string>> organization;  // nullopt: not checked
    std::optional<std::vector<x509::Usage>> usages;        // nullopt: not checked
    std::optional<std::chrono::seconds> ttl;               // nullopt: the PKI role's own
    std::string directory;                                 // absolute, without --root
    Ownership ownership;
    Files files;
    std::vector<Consumer> consumers;
    Position position;  // of its key in the configuration
};

struct Role {
    std::string name;  // empty when the host file describes everything itself
    std::string cluster;
    VaultAccess vault;
    RenewalPolicy renewal;
    std::vector<CertificateSpec>
        certificates;  // in the order of publication: one that lends its `ca` first
    std::vector<std::string> warnings;  // to be said at every start
};

// SHA-256 over everything a certificate is asked for (mount, role, method, key kind, rekey, names,
// ttl, organization, usages, file names), never over what was granted: equal digests mean that the
// installed set still answers the configuration.
[[nodiscard]] std::string request_digest(const CertificateSpec& spec);

}  // namespace install_cert::role
