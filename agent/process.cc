// SPDX-License-Identifier: Apache-2.0
#include "agent/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>
#include <cstring>

namespace install_cert::agent {

void become_undumpable() {
    // Neither can fail for these arguments on a kernel that runs us; a secret is wiped after use
    // anyway.
    (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    (void)::setrlimit(RLIMIT_CORE, &none);
}

Secret take_token_from_environment() {
    Secret token;
    for (const char* const name : {"VAULT_TOKEN", "BAO_TOKEN"}) {
        if (char* const value = std::getenv(name)) {
            if (*value != '\0') {
                token = Secret(value);
            }
            // The bytes of the environment block itself: /proc/PID/environ shows them otherwise.
            wipe_memory(value, std::strlen(value));
            (void)::unsetenv(name);
        }
    }
    return token;
}

}  // namespace install_cert::agent
