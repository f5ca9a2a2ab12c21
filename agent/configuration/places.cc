// SPDX-License-Identifier: Apache-2.0
#include "agent/configuration/places.h"

namespace install_cert::agent {

Places::Places(const std::string& root_directory, const std::string& config_file)
    : root(root_directory),
      config(config_file.empty() ? root_directory + "/etc/install-cert/config.yaml" : config_file),
      config_directory(config.contains('/') ? config.substr(0, config.rfind('/')) : "."),
      shipped_roles(root_directory + "/usr/share/install-cert/roles"),
      default_token_file(root_directory + "/etc/install-cert/token"),
      state_directory(root_directory + "/var/lib/install-cert"),
      runtime_directory(root_directory + "/run/install-cert") {}

}  // namespace install_cert::agent
