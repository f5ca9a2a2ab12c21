// SPDX-License-Identifier: Apache-2.0
#include "agent/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <tuple>

#include "foundation/result.h"

namespace install_cert::agent {

void become_undumpable() {
    // Neither can fail for these arguments on a kernel that runs us; a secret is wiped after use
    // anyway.
    (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    (void)::setrlimit(RLIMIT_CORE, &none);
}

void end_when_out_of_memory() {
    // Instead of an exception: none of ours is caught, and throwing one takes memory, too.
    std::set_new_handler([] {
        constexpr std::string_view line = "install-cert: out of memory\n";
        std::ignore = ::write(STDERR_FILENO, line.data(), line.size());
        ::_exit(exit_code(Failure::io));
    });
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
