// SPDX-License-Identifier: Apache-2.0
// Where the agent keeps its own things, under --root.
#pragma once

#include <string>

namespace install_cert::agent {

struct Places {
    explicit Places(const std::string& root, const std::string& config_file);

    std::string root;
    std::string config;              // the host file
    std::string config_directory;    // of roles/ and config.d/
    std::string shipped_roles;       // /usr/share/install-cert/roles
    std::string default_token_file;  // /etc/install-cert/token
    std::string state_directory;     // /var/lib/install-cert
    std::string runtime_directory;   // /run/install-cert
};

}  // namespace install_cert::agent
