// SPDX-License-Identifier: Apache-2.0
// One function a verb; each returns what to exit with.
#pragma once

#include "agent/options.h"
#include "foundation/secret.h"

namespace install_cert::agent {

[[nodiscard]] int run(const Options& options, Secret environment_token);
[[nodiscard]] int turn(const Options& options);
[[nodiscard]] int once(const Options& options, Secret environment_token);
[[nodiscard]] int renew(const Options& options, Secret environment_token);
[[nodiscard]] int status(const Options& options);
[[nodiscard]] int inspect(const Options& options);
[[nodiscard]] int check(const Options& options, Secret environment_token);
[[nodiscard]] int policy(const Options& options);
[[nodiscard]] int remove(const Options& options, Secret environment_token);

}  // namespace install_cert::agent
