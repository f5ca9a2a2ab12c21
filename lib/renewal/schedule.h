// SPDX-License-Identifier: Apache-2.0
// When a certificate is renewed, and where this host stands among its fleet: functions of values.
#pragma once

#include <chrono>
#include <string_view>

#include "foundation/clock.h"
#include "role/role.h"

namespace install_cert::renewal {

// A lifetime counts from the moment the answer came (Vault dates certificates 30 s back) to the
// end.
struct Lifetime {
    WallTime received;
    WallTime not_after;
};

// This host's place among the others, in [0, 1): the same after every restart, another one for each
// `purpose` (a certificate's name, a consumer's), and even over a fleet.
[[nodiscard]] double host_share(std::string_view machine_id, std::string_view purpose);

// The policy's moment, earlier by `share` of its spread; for a lifetime of an hour and more at
// least 10 minutes before the end. Never in the first tenth of the lifetime, so that a policy that
// asks for more than Vault grants ("720h before expiry" of a 24 h certificate) does not renew
// without end.
[[nodiscard]] WallTime due_at(const role::RenewalPolicy& policy,
                              const Lifetime& lifetime,
                              double share);

// When less than a tenth of the lifetime is left, what is installed is in danger: `critical`.
[[nodiscard]] WallTime last_tenth(const Lifetime& lifetime);

// When the new leaf is asked for after its CA was published first: `lead` from now, cut so that the
// old leaf's last tenth is never reached.
[[nodiscard]] WallTime after_trust_lead(WallTime now,
                                        std::chrono::seconds lead,
                                        const Lifetime& old_leaf);

}  // namespace install_cert::renewal
