// SPDX-License-Identifier: Apache-2.0
// What is to be done for each certificate, why, and when next: a function of values alone.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "foundation/clock.h"
#include "renewal/schedule.h"
#include "role/role.h"

namespace install_cert::renewal {

// What is installed for a certificate, as far as the plan needs it.
struct InstalledFacts {
    std::string damage{};  // empty: the set serves
    std::string request_digest{};
    std::string boot_id{};
    WallTime received{};
    WallTime not_before{};
    WallTime not_after{};
    bool drifted = false;  // modes, owners or links are to be put right
};

struct Subject {
    const role::CertificateSpec* spec;
    std::optional<InstalledFacts> installed{};
    // Its CA was published ahead of its leaf: the leaf is asked for then, not before.
    std::optional<WallTime> leaf_postponed_until{};
};

struct Situation {
    WallTime now{};
    std::string boot_id{};
    std::string machine_id{};
};

// Why a certificate is asked for. In order of precedence.
enum class Cause : std::uint8_t {
    none,
    asked,  // an operator's `renew` or SIGUSR1
    not_installed,
    damaged,
    request_changed,  // the configuration asks for something else than the installed set answers
    expired,
    boot,  // on_boot: always
    due,
};

struct Decision {
    const role::CertificateSpec* spec;
    Cause cause = Cause::none;
    bool repair = false;            // put modes, owners and links right
    bool valid = false;             // what is installed serves its consumers now
    std::string why{};              // a sentence for `--dry-run` and the journal
    WallTime next_renewal{};        // by the schedule; `now` when the cause is not none
    std::optional<WallTime> due{};  // by the schedule, whatever the cause; nullopt: not installed
};

// Before this build was made no clock can be right: nothing is judged expired then.
[[nodiscard]] bool clock_is_sane(WallTime now);

// The policy's decision for one certificate. `asked`: the operator named it.
enum class Wish : std::uint8_t { what_is_due, renew_now };
[[nodiscard]] Decision decide(const role::RenewalPolicy& policy,
                              const Subject& subject,
                              const Situation& situation,
                              Wish wish);

}  // namespace install_cert::renewal
