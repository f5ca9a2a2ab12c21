// SPDX-License-Identifier: Apache-2.0
#include "agent/supervisor/turn_report.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "foundation/text.h"

namespace install_cert::supervisor {
namespace {

template <class Number>
std::optional<Number> number(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::string_view> field(std::string_view line, std::string_view name) {
    if (!line.starts_with(name) || line.size() == name.size() || line[name.size()] != '=') {
        return std::nullopt;
    }
    return line.substr(name.size() + 1);
}

std::optional<bool> flag(std::string_view line, std::string_view name) {
    const auto value = field(line, name);
    if (!value || (*value != "0" && *value != "1")) {
        return std::nullopt;
    }
    return *value == "1";
}

// Whether printable() can have made it. Each backslash makes place for another plain character: one
// that was only removed could bring two bytes together that are UTF-8 only then.
bool is_printable(std::string_view text) {
    std::string plain(text);
    std::ranges::replace(plain, '\\', '/');
    return printable(plain, plain.size()) == plain;
}

}  // namespace

std::string to_text(const TurnReport& report) {
    return "exit_code=" + std::to_string(report.exit_code) +
           "\nagain=" + std::to_string(report.again ? 1 : 0) +
           "\nvalid=" + std::to_string(report.valid ? 1 : 0) +
           "\nnext_wake=" + std::to_string(report.next_wake.time_since_epoch().count()) +
           "\nstatus=" + printable(report.status, 400) + "\nend\n";
}

std::optional<TurnReport> parse_report(std::string_view text) {
    const auto lines = split(text, '\n');
    if (text.size() > kReportLimit || lines.size() != 7 || lines[5] != "end" || !lines[6].empty()) {
        return std::nullopt;
    }
    const auto exit_code = field(lines[0], "exit_code");
    const auto again = flag(lines[1], "again");
    const auto valid = flag(lines[2], "valid");
    const auto next_wake = field(lines[3], "next_wake");
    const auto status = field(lines[4], "status");
    if (!exit_code || !again || !valid || !next_wake || !status || !is_printable(*status)) {
        return std::nullopt;
    }
    const auto code = number<int>(*exit_code);
    const auto wake = number<std::int64_t>(*next_wake);
    if (!code || !wake || *code < 0 || *code > 255) {
        return std::nullopt;
    }
    return TurnReport{.exit_code = *code,
                      .again = *again,
                      .valid = *valid,
                      .next_wake = WallTime{std::chrono::seconds{*wake}},
                      .status = std::string(*status)};
}

}  // namespace install_cert::supervisor
