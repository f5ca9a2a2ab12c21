// SPDX-License-Identifier: Apache-2.0
// `policy`: what this configuration needs of Vault, as commands.
#include "agent/advice/policy.h"

#include "agent/commands/commands.h"
#include "agent/configuration/configuration.h"
#include "agent/report/console.h"
#include "host/facts.h"

namespace install_cert::agent {

int policy(const Options& options) {
    const auto configuration = load_configuration(Places(options.root, options.config));
    if (!configuration) {
        return complain(configuration.error());
    }
    say(policy_script(configuration->role, host::hostname().value_or("")));
    return 0;
}

}  // namespace install_cert::agent
