// SPDX-License-Identifier: Apache-2.0
// Where a token or the like is read from, afresh at each attempt, since it may come late or be
// replaced.
#pragma once

#include <memory>

#include "agent/places.h"
#include "foundation/secret.h"
#include "vault/client.h"

namespace install_cert::agent {

// A token file; where it is absent the systemd credential `vault-token`; where no token file was
// configured either, the token that the environment brought (empty: none).
[[nodiscard]] vault::ReadSecret secret_reader(const Places& places,
                                              std::shared_ptr<const Secret> environment_token);

}  // namespace install_cert::agent
