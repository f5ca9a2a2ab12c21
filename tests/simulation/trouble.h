// SPDX-License-Identifier: Apache-2.0
// What may befall a host, and how often it does in a rough life.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "simulation/vault.h"

namespace install_cert::simulation {

enum class Trouble : std::uint8_t {
    outage,
    lost_answers,
    disk,
    consumer,
    clock,
    new_authority,
    ending_authority,
    token,
    operator_renews,
    operator_reloads,
    reboot,
    service_restart,
    crash,
    suspend,
    damage,
};

struct TroubleKind {
    std::string_view name;
    Millis mean;  // between two of them, in a rough life
};

inline constexpr std::array<TroubleKind, 15> kTroubles{{
    {"outages of Vault", 60 * kDay},
    {"times of lost answers", 70 * kDay},
    {"disk troubles", 90 * kDay},
    {"consumer troubles", 50 * kDay},
    {"clock steps", 60 * kDay},
    {"new CAs", 150 * kDay},
    {"ending CAs", 400 * kDay},
    {"token troubles", 120 * kDay},
    {"renewals by operators", 60 * kDay},
    {"reloads by operators", 60 * kDay},
    {"reboots", 45 * kDay},
    {"service restarts", 40 * kDay},
    {"crashes", 15 * kDay},
    {"suspensions", 90 * kDay},
    {"damages by hand", 90 * kDay},
}};

// How often each struck.
using TroubleCounts = std::array<std::uint64_t, kTroubles.size()>;

}  // namespace install_cert::simulation
