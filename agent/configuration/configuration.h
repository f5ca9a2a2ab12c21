// SPDX-License-Identifier: Apache-2.0
// From the files of this host to a Role, or to every error of all of them.
#pragma once

#include <expected>
#include <vector>

#include "agent/configuration/places.h"
#include "agent/record/accepted.h"
#include "foundation/result.h"
#include "role/role.h"

namespace install_cert::agent {

struct Configuration {
    role::Role role;
    SourceTexts texts;  // what it was made of
};

// Errors are ready to be said. Their kind is `config`, or `not_yet` for what a booting host may
// simply not have yet: `run` tries again where all are not_yet, every other command takes both
// for 78.
[[nodiscard]] std::expected<Configuration, std::vector<Error>> load_configuration(
    const Places& places);

// Whether all of them say "not yet".
[[nodiscard]] bool may_pass(const std::vector<Error>& errors);

// The same from what was accepted last, with the host's facts of today. Where that cannot be read,
// the kind is `config`.
[[nodiscard]] std::expected<Configuration, std::vector<Error>> load_accepted(const Places& places);

// Whether the files are, text by text, what was accepted last. Asks nothing of the host: no
// address, no user, no resolver.
[[nodiscard]] bool files_are_accepted(const Places& places);

// The certificates of `role` with these names, in its order; all of them when `names` is empty.
// Failure::usage for an unknown name, with the nearest known one.
[[nodiscard]] Result<std::vector<const role::CertificateSpec*>> select(
    const role::Role& role,
    const std::vector<std::string>& names,
    std::string_view where = "in the configuration");

}  // namespace install_cert::agent
