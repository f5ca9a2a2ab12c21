// SPDX-License-Identifier: Apache-2.0
// YAML texts and facts of the host in, a Role or every error at once out. Reads no file itself.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/result.h"
#include "role/role.h"

namespace install_cert::role {

struct Text {
    std::string file;  // as the operator knows it, for messages
    std::string yaml;
};

// The texts in order of rising precedence: the role file (absent when no role is named), the host
// file, the drop-ins. Mappings merge key by key; lists and scalars replace.
struct Sources {
    Text host;
    std::vector<Text> drop_ins;
    // Text of the role file of this name, from where role files lie; Failure::config when there is
    // none.
    std::function<Result<Text>(std::string_view role_name)> role_file;
};

// What the configuration may ask of the host while it is expanded. Each is called only for what is
// used. Failure::not_yet means "a booting host may not have it yet", any other kind is final.
struct HostLookup {
    // `name` is hostname, fqdn, machine_id, `ip`, `ip:IFACE` or `env:NAME`; `vault_host` is the
    // host part of the expanded vault.address (`ip` is the address used towards it).
    // Failure::usage: no such fact.
    std::function<Result<std::string>(std::string_view name, std::string_view vault_host)> fact;
    // The content of an environment file.
    std::function<Result<std::string>(const std::string& path)> environment_file;
    std::function<Result<uid_t>(std::string_view name)> user;
    std::function<Result<gid_t>(std::string_view name)> group;
    // VAULT_*/BAO_* variables, to fill in what the files leave out (the token variables never get
    // here).
    std::map<std::string, std::string, std::less<>> vault_environment;
};

struct Diagnostic {
    Position position;
    std::string what;
    std::string way_out;             // "did you mean 'common_name'?", or empty
    Failure kind = Failure::config;  // or not_yet
};

// "config.yaml:12:5: unknown key 'comon_name': did you mean 'common_name'?"
[[nodiscard]] std::string to_string(const Diagnostic& diagnostic);

// All diagnostics of all texts, in order of file and line; never a part of a Role.
[[nodiscard]] std::expected<Role, std::vector<Diagnostic>> load(const Sources& sources,
                                                                const HostLookup& host);

}  // namespace install_cert::role
