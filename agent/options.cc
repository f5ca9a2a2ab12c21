// SPDX-License-Identifier: Apache-2.0
#include "agent/options.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <utility>

#include "foundation/text.h"

namespace install_cert::agent {
namespace {

constexpr std::array<std::pair<std::string_view, Command>, 10> kCommands{
    {{"run", Command::run},
     {"once", Command::once},
     {"renew", Command::renew},
     {"status", Command::status},
     {"inspect", Command::inspect},
     {"check", Command::check},
     {"policy", Command::policy},
     {"remove", Command::remove},
     {"turn", Command::turn},
     {"help", Command::help}}};

template <class Range, class T>
bool contains(const Range& range, const T& value) {
    return std::ranges::find(range, value) != std::ranges::end(range);
}

struct Flag {
    std::string_view name;
    bool Options::* member;
    std::array<Command, 3> commands;  // filled up with `help`, which takes no flag
};

constexpr std::array<Flag, 8> kFlags{{
    {"--dry-run", &Options::dry_run, {Command::once, Command::renew, Command::remove}},
    {"--json", &Options::json, {Command::status, Command::inspect, Command::check}},
    {"--offline", &Options::offline, {Command::check, Command::help, Command::help}},
    {"--revoke", &Options::revoke, {Command::remove, Command::help, Command::help}},
    {"--former", &Options::former, {Command::remove, Command::help, Command::help}},
    {"--wait", &Options::wait, {Command::renew, Command::status, Command::help}},
    {"--reload", &Options::reload, {Command::once, Command::renew, Command::turn}},
    {"--reload", &Options::reload, {Command::run, Command::help, Command::help}},
}};

struct Setting {
    std::string_view name;
    Result<> (*set)(Options&, std::string_view value);
};

Result<> set_config(Options& options, std::string_view value) {
    if (value.empty()) {
        return fail(Failure::usage, "--config: needs a file");
    }
    options.config = std::string(value);
    return {};
}

Result<> set_root(Options& options, std::string_view value) {
    std::error_code error;
    // A daemon keeps the path longer than its working directory.
    std::string root = std::filesystem::absolute(value, error);
    if (value.empty() || error) {
        return fail(Failure::usage, "--root: needs a directory");
    }
    while (root.ends_with('/')) {
        root.pop_back();
    }
    options.root = root;
    return {};
}

Result<> set_timeout(Options& options, std::string_view value) {
    const auto duration = parse_duration(value);
    if (!duration || duration->count() == 0) {
        return fail(Failure::usage,
                    "--timeout: '" + printable(value) + "' is no duration",
                    "such as 60s, or 5m");
    }
    options.timeout = *duration;
    return {};
}

Result<> set_cause(Options& options, std::string_view value) {
    options.cause = std::string(value);
    return {};
}

constexpr std::array<Setting, 4> kSettings{{{"--config", set_config},
                                            {"--root", set_root},
                                            {"--timeout", set_timeout},
                                            {"--cause", set_cause}}};

// The command line while it is read: what comes before the command may depend on it.
struct Reader {
    Options options;
    std::optional<Command> command;
    std::vector<const Flag*> flags;
    bool help = false;
};

std::unexpected<Error> unknown_option(std::string_view name) {
    std::vector<std::string_view> known{"--help", "--version"};
    std::ranges::transform(kFlags, std::back_inserter(known), &Flag::name);
    std::ranges::transform(kSettings, std::back_inserter(known), &Setting::name);
    const auto meant = nearest(name, known);
    return fail(Failure::usage,
                "unknown option '" + printable(name) + "'",
                meant ? "did you mean '" + *meant + "'?" : "see 'install-cert --help'");
}

std::unexpected<Error> unknown_command(std::string_view name) {
    std::vector<std::string_view> known;
    std::ranges::transform(
        kCommands, std::back_inserter(known), &std::pair<std::string_view, Command>::first);
    const auto meant = nearest(name, known);
    return fail(Failure::usage,
                "unknown command '" + printable(name) + "'",
                meant ? "did you mean '" + *meant + "'?" : "see 'install-cert --help'");
}

Result<> read_word(Reader& reader, std::string_view word) {
    if (reader.command) {
        reader.options.operands.emplace_back(word);
        return {};
    }
    const auto* const found =
        std::ranges::find(kCommands, word, &std::pair<std::string_view, Command>::first);
    if (found == kCommands.end()) {
        return unknown_command(word);
    }
    reader.command = found->second;
    return {};
}

// `--name value` or `--name=value`; says how many further arguments were used.
Result<std::size_t> read_option(Reader& reader,
                                std::string_view argument,
                                std::span<const char* const> rest) {
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    if (const auto* const setting = std::ranges::find(kSettings, name, &Setting::name);
        setting != kSettings.end()) {
        if (equals != std::string_view::npos) {
            const auto set = setting->set(reader.options, argument.substr(equals + 1));
            return set ? Result<std::size_t>(0) : std::unexpected(set.error());
        }
        if (rest.empty()) {
            return fail(Failure::usage, std::string(name) + ": needs a value");
        }
        const auto set = setting->set(reader.options, rest[0]);
        return set ? Result<std::size_t>(1) : std::unexpected(set.error());
    }
    if (argument == "--help" || argument == "-h") {
        reader.help = true;
        return 0;
    }
    if (argument == "--version") {
        reader.command = Command::version;
        return 0;
    }
    const auto* const flag = std::ranges::find(kFlags, name, &Flag::name);
    if (flag == kFlags.end()) {
        return unknown_option(name);
    }
    if (equals != std::string_view::npos) {
        return fail(Failure::usage, std::string(name) + ": takes no value");
    }
    reader.options.*(flag->member) = true;
    reader.flags.push_back(flag);
    return 0;
}

Result<> check_flags(const Reader& reader) {
    for (const Flag* const flag : reader.flags) {
        const bool fits = std::ranges::any_of(kFlags, [&](const Flag& other) {
            return other.name == flag->name && contains(other.commands, *reader.command);
        });
        if (!fits) {
            if (*reader.command == Command::version) {
                return fail(Failure::usage,
                            std::string(flag->name) + ": not an option beside '--version'");
            }
            const auto* const command = std::ranges::find(
                kCommands, *reader.command, &std::pair<std::string_view, Command>::second);
            return fail(Failure::usage,
                        std::string(flag->name) + ": not an option of '" +
                            std::string(command->first) + "'",
                        "see 'install-cert " + std::string(command->first) + " --help'");
        }
    }
    return {};
}

Result<Options> finished(Reader reader) {
    if (reader.help || !reader.command) {
        reader.options.help_about = reader.command.value_or(Command::help);
        reader.options.command = Command::help;
        if (!reader.help) {
            return fail(Failure::usage, "no command given", "see 'install-cert --help'");
        }
        return std::move(reader.options);
    }
    if (const auto checked = check_flags(reader); !checked) {
        return std::unexpected(checked.error());
    }
    reader.options.command = *reader.command;
    const bool takes_operands = contains(std::array{Command::once,
                                                    Command::renew,
                                                    Command::inspect,
                                                    Command::remove,
                                                    Command::turn,
                                                    Command::help},
                                         *reader.command);
    if (!takes_operands && !reader.options.operands.empty()) {
        return fail(Failure::usage,
                    "unexpected argument '" + printable(reader.options.operands[0]) + "'");
    }
    if (*reader.command == Command::inspect && reader.options.operands.empty()) {
        return fail(Failure::usage, "inspect: needs at least one file or directory");
    }
    if (reader.options.former && reader.options.revoke) {
        return fail(Failure::usage,
                    "--revoke: not with --former",
                    "nothing tells any more which mount and token a former certificate belongs to");
    }
    if (*reader.command == Command::help && !reader.options.operands.empty()) {
        const auto* const found = std::ranges::find(
            kCommands, reader.options.operands[0], &std::pair<std::string_view, Command>::first);
        if (found == kCommands.end()) {
            return unknown_command(reader.options.operands[0]);
        }
        reader.options.help_about = found->second;
    }
    return std::move(reader.options);
}

}  // namespace

Result<Options> parse_options(std::span<const char* const> arguments) {
    Reader reader;
    bool only_words = false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        if (only_words || !argument.starts_with('-') || argument == "-") {
            if (const auto read = read_word(reader, argument); !read) {
                return std::unexpected(read.error());
            }
        } else if (argument == "--") {
            only_words = true;
        } else {
            const auto used = read_option(reader, argument, arguments.subspan(i + 1));
            if (!used) {
                return std::unexpected(used.error());
            }
            i += *used;
        }
    }
    return finished(std::move(reader));
}

}  // namespace install_cert::agent
