// SPDX-License-Identifier: Apache-2.0
// The health of what is installed, as `status` and `inspect` show it: rows of facts and a verdict
// each.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/record/state.h"
#include "foundation/clock.h"
#include "foundation/result.h"
#include "installation/generation_store.h"
#include "renewal/plan.h"
#include "role/role.h"

namespace install_cert::agent {

// In order of gravity; the values are the exit codes of `status` and `inspect`.
enum class Health : std::uint8_t { ok = 0, warning = 1, critical = 2, unknown = 3 };

[[nodiscard]] std::string_view to_string(Health health);
// The graver of two; unknown counts least, since something known is wrong or right beside it.
[[nodiscard]] Health worse(Health a, Health b);

struct HealthRow {
    std::string name{};
    Health health = Health::unknown;
    std::string verdict{};  // why it is not ok; empty otherwise
    std::vector<std::string> paths{};
    std::string common_name{};
    std::vector<std::string> sans{};  // all kinds, as they are written
    std::vector<std::string> organization{};
    std::string issuer{};
    std::string serial{};
    std::optional<WallTime> not_before{};
    std::optional<WallTime> not_after{};
    std::optional<WallTime> next_renewal{};
    std::string last_error{};
    std::vector<std::string> reloads_owed{};
};

struct TokenRow {
    std::string source{};  // the file it comes from
    Health health = Health::ok;
    std::string verdict{};
    std::optional<WallTime> ends{};
    std::optional<bool> renewable{};  // nullopt: it was not looked at yet
};

struct HealthReport {
    Health health = Health::unknown;
    std::vector<HealthRow> certificates{};
    std::vector<TokenRow> tokens{};
};

// Facts of a leaf, put into a row.
void describe(HealthRow& row, const x509::CertificateFacts& leaf);

// What `status` knows of one certificate before it judges. `installed` is an error where a hostile
// link or an unreadable directory is in the way.
struct Examined {
    const role::CertificateSpec* spec;
    // `former`: of a configuration before this one (former.h).
    enum class Standing : std::uint8_t { configured, former } standing = Standing::configured;
    Result<std::optional<installation::InstalledSet>> installed;
    std::vector<std::string> paths{};
    std::vector<std::string> reloads_owed{};
};

[[nodiscard]] HealthReport judge(const role::Role& role,
                                 const std::vector<Examined>& examined,
                                 const State& state,
                                 const renewal::Situation& situation);

// How a verdict is written for people: text in its colour, an ANSI escape, where colours are
// wanted.
enum class Colour : std::uint8_t { none, ansi };
[[nodiscard]] std::string_view colour_of(Health health);
[[nodiscard]] std::string painted(std::string_view text, std::string_view colour, Colour mode);

// For people: the table, one certificate a line, and what is wrong below it. ANSI colours where
// `colour`.
[[nodiscard]] std::string to_table(const HealthReport& report, WallTime now, Colour colour);
// For machines: the format that install-cert(1) documents, version 1.
[[nodiscard]] std::string to_json(const HealthReport& report);

}  // namespace install_cert::agent
