// SPDX-License-Identifier: Apache-2.0
// The command line as a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/result.h"

namespace install_cert::agent {

enum class Command : std::uint8_t {
    run,
    once,
    renew,
    status,
    inspect,
    check,
    policy,
    remove,
    turn,
    help,
    version
};

struct Options {
    Command command = Command::help;
    Command help_about = Command::help;  // `install-cert once --help`
    std::string config;                  // empty: the default place, under root
    std::string root;                    // "" or an absolute path without a trailing slash
    std::vector<std::string> operands;   // certificate names, or paths for `inspect`
    std::chrono::seconds timeout{60};
    bool dry_run = false;
    bool json = false;
    bool offline = false;
    bool revoke = false;
    bool former = false;
    bool wait = false;
    bool reload = false;
    std::string cause;  // of a `turn`, the supervisor's word for why it starts one: start,
                        // timer, clock, renew, reload
};

// Failure::usage names the argument that is wrong and the nearest one that is known.
[[nodiscard]] Result<Options> parse_options(std::span<const char* const> arguments);

// What `--help` says: about the program, or about one command.
[[nodiscard]] std::string help(Command about);

}  // namespace install_cert::agent
