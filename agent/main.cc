// SPDX-License-Identifier: Apache-2.0
// The program: from the command line to a command's exit code.
#include <span>
#include <utility>

#include "agent/commands/commands.h"
#include "agent/options.h"
#include "agent/process.h"
#include "agent/report/console.h"

namespace {

using namespace install_cert;
using namespace install_cert::agent;

int dispatch(const Options& options, Secret token) {
    switch (options.command) {
        case Command::once:
            return once(options, std::move(token));
        case Command::renew:
            return renew(options, std::move(token));
        case Command::status:
            return status(options);
        case Command::inspect:
            return inspect(options);
        case Command::check:
            return check(options, std::move(token));
        case Command::policy:
            return policy(options);
        case Command::remove:
            return agent::remove(options, std::move(token));
        case Command::run:
            return run(options, std::move(token));
        case Command::turn:
            return turn(options);
        case Command::help:
            say(help(options.help_about));
            return 0;
        case Command::version:
            say("install-cert " INSTALL_CERT_VERSION "\n");
            return 0;
    }
    std::unreachable();
}

}  // namespace

int main(int argc, char* argv[]) {
    end_when_out_of_memory();
    // Whatever comes next, no child and nobody who reads /proc finds the token in our environment.
    Secret token = take_token_from_environment();
    const std::span<const char* const> arguments(argv + 1,
                                                 static_cast<std::size_t>(argc > 0 ? argc - 1 : 0));
    const auto options = parse_options(arguments);
    return options ? dispatch(*options, std::move(token)) : complain(options.error());
}
