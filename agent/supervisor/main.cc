// SPDX-License-Identifier: Apache-2.0
// The program that `install-cert run` becomes once it has judged what lies on disk.
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "agent/supervisor/supervisor.h"

// supervisor RUNTIME_DIRECTORY FIRST_TURN_IN_MS ready|waiting PROGRAM [ARGUMENT...]
int main(int argc, char* argv[]) {
    using namespace install_cert;
    const std::span<char* const> arguments(argv, static_cast<std::size_t>(argc));
    if (arguments.size() < 5) {
        return exit_code(Failure::usage);
    }
    supervisor::Settings settings{
        .program = {.path = arguments[4], .arguments = {arguments.begin() + 5, arguments.end()}},
        .runtime_directory = arguments[1],
        .first = std::chrono::milliseconds{std::strtol(arguments[2], nullptr, 10)},
        .ready = std::string_view(arguments[3]) == "ready"};
    const SystemClock clock;
    return supervisor::Supervisor(std::move(settings), clock).run();
}
