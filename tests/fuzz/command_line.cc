// SPDX-License-Identifier: Apache-2.0
// The command line, an argument a line.
#include <string>
#include <string_view>
#include <vector>

#include "agent/options.h"
#include "fuzz/promise.h"

using namespace install_cert;

FUZZ_TARGET(input) {
    const std::vector<std::string> words = split(input.substr(0, input.find('\0')), '\n');
    std::vector<const char*> arguments;
    for (const std::string& word : words) {
        arguments.push_back(word.c_str());
    }
    const auto options = agent::parse_options(arguments);
    if (!options) {
        fuzz::promise(options.error().kind == Failure::usage, "a wrong command line is a usage");
        fuzz::promise_error(options.error());
        return;
    }
    fuzz::promise(
        options->root.empty() || (options->root.starts_with('/') && !options->root.ends_with('/')),
        "a root is absolute");
    fuzz::promise(options->timeout.count() > 0, "a time-out is positive");
    fuzz::promise(!agent::help(options->help_about).empty(), "there is help");
}
