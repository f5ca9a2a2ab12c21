// SPDX-License-Identifier: Apache-2.0
#include "agent/options.h"

#include <vector>

#include <catch2/catch.hpp>

using namespace install_cert;
using namespace install_cert::agent;

namespace {

Result<Options> parse(std::vector<const char*> arguments) {
    return parse_options(arguments);
}

}  // namespace

TEST_CASE("global options may stand before and after the command", "[options]") {
    for (const auto& options : {parse({"--config", "c.yaml", "--root=/r/", "once", "web"}),
                                parse({"once", "web", "--root", "/r", "--config=c.yaml"})}) {
        REQUIRE(options);
        CHECK(options->command == Command::once);
        CHECK(options->config == "c.yaml");
        CHECK(options->root == "/r");
        CHECK(options->operands == std::vector<std::string>{"web"});
    }
}

TEST_CASE("options of a command are understood", "[options]") {
    CHECK(parse({"once", "--dry-run"})->dry_run);
    CHECK(parse({"once", "--timeout", "5m"})->timeout == std::chrono::minutes{5});
    CHECK(parse({"renew", "--wait"})->wait);
    CHECK(parse({"status", "--json"})->json);
    CHECK(parse({"check", "--offline"})->offline);
    CHECK(parse({"remove", "--revoke"})->revoke);
    CHECK(parse({"remove", "--former", "web"})->former);
    CHECK(parse({"inspect", "--", "-odd.pem"})->operands[0] == "-odd.pem");
    CHECK(parse({"--version"})->command == Command::version);
    CHECK(parse({"once", "--help"})->help_about == Command::once);
    CHECK(parse({"help", "renew"})->help_about == Command::renew);
}

TEST_CASE("a wrong command line is refused with what was meant", "[options]") {
    const auto [why, arguments, what, way_out] =
        GENERATE(table<std::string, std::vector<const char*>, std::string, std::string>({
            {"no command", {}, "no command given", "--help"},
            {"an unknown command", {"onse"}, "unknown command 'onse'", "'once'"},
            {"an unknown option", {"once", "--dryrun"}, "unknown option '--dryrun'", "'--dry-run'"},
            {"an option of another command",
             {"once", "--json"},
             "--json: not an option of 'once'",
             "once --help"},
            {"an option beside the version",
             {"--version", "--json"},
             "--json: not an option beside '--version'",
             ""},
            {"a missing value", {"once", "--timeout"}, "--timeout: needs a value", ""},
            {"a time-out that is none", {"once", "--timeout=soon"}, "'soon' is no duration", "60s"},
            {"a time-out of nothing", {"once", "--timeout=0"}, "'0' is no duration", "60s"},
            {"an empty root", {"once", "--root="}, "--root: needs a directory", ""},
            {"an empty config", {"once", "--config="}, "--config: needs a file", ""},
            {"an operand too many", {"status", "web"}, "unexpected argument 'web'", ""},
            {"nothing to inspect", {"inspect"}, "needs at least one", ""},
            {"former sets of another command",
             {"once", "--former"},
             "--former: not an option of 'once'",
             "once --help"},
            {"what cannot be revoked",
             {"remove", "--former", "--revoke"},
             "--revoke: not with --former",
             "which mount"},
            {"a value for a flag", {"once", "--dry-run=yes"}, "--dry-run: takes no value", ""},
            {"control bytes", {"once\x1b[31m"}, "unknown command 'once\\x1b[31m'", ""},
        }));
    CAPTURE(why);
    const auto options = parse(arguments);
    REQUIRE_FALSE(options);
    CHECK(options.error().kind == Failure::usage);
    CHECK_THAT(options.error().what, Catch::Contains(what));
    CHECK_THAT(options.error().way_out, Catch::Contains(way_out));
}

TEST_CASE("every command has its help", "[options]") {
    for (const Command command : {Command::run,
                                  Command::once,
                                  Command::renew,
                                  Command::status,
                                  Command::inspect,
                                  Command::check,
                                  Command::policy,
                                  Command::remove}) {
        CHECK(help(command) != help(Command::help));
        CHECK_THAT(help(command), Catch::Contains("Global options"));
    }
}
