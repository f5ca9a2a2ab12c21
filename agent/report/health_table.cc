// SPDX-License-Identifier: Apache-2.0
// The health report for people.
#include <algorithm>
#include <array>

#include "agent/report/health.h"
#include "foundation/text.h"

namespace install_cert::agent {
namespace {

constexpr std::size_t kColumns = 6;
using Cells = std::array<std::string, kColumns>;

// Columns, not bytes: a continuation byte of UTF-8 takes no room.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string when(const std::optional<WallTime>& time, WallTime now) {
    if (!time) {
        return "-";
    }
    if (*time == now) {
        return "now";
    }
    return *time > now ? "in " + to_human(*time - now) : to_human(now - *time) + " ago";
}

// The CN of an RFC 2253 name, or the whole of it.
std::string issuer_of(const HealthRow& row) {
    const std::size_t begin = row.issuer.find("CN=");
    if (begin == std::string::npos) {
        return row.issuer.empty() ? "-" : row.issuer;
    }
    return row.issuer.substr(begin + 3, row.issuer.find(',', begin) - begin - 3);
}

Cells cells_of(const HealthRow& row, WallTime now) {
    return {std::string(to_string(row.health)),
            row.name,
            row.common_name.empty() ? "-" : row.common_name,
            issuer_of(row),
            when(row.not_after, now),
            when(row.next_renewal, now)};
}

std::string line(const Cells& cells,
                 const std::array<std::size_t, kColumns>& widths,
                 std::string_view colour,
                 Colour mode) {
    std::string text;
    for (std::size_t i = 0; i < kColumns; ++i) {
        const std::string padding(i + 1 < kColumns ? widths[i] - width(cells[i]) + 2 : 0, ' ');
        text += (i == 0 ? painted(cells[i], colour, mode) : cells[i]) + padding;
    }
    return text + "\n";
}

void add_details(std::string& text, const HealthRow& row, Colour mode) {
    const auto detail = [&](std::string_view label, const std::string& value) {
        if (!value.empty()) {
            text += "          " + painted(label, "\x1b[2m", mode) + " " + value + "\n";
        }
    };
    detail("names ", join(row.sans, ", "));
    detail("O     ", join(row.organization, ", "));
    detail("serial", row.serial);
    for (const std::string& path : row.paths) {
        detail("file  ", path);
    }
    detail("wrong ", row.verdict.empty() ? "" : painted(row.verdict, colour_of(row.health), mode));
    detail("error ", row.last_error);
}

}  // namespace

std::string_view colour_of(Health health) {
    switch (health) {
        case Health::ok:
            return "\x1b[32m";
        case Health::warning:
            return "\x1b[33m";
        case Health::critical:
            return "\x1b[1;31m";
        case Health::unknown:
            break;
    }
    return "\x1b[2m";
}

std::string painted(std::string_view text, std::string_view colour, Colour mode) {
    return mode == Colour::none ? std::string(text)
                                : std::string(colour) + std::string(text) + "\x1b[0m";
}

std::string to_table(const HealthReport& report, WallTime now, Colour colour) {
    const Cells header{"HEALTH", "CERTIFICATE", "CN", "ISSUER", "EXPIRES", "RENEWAL"};
    std::array<std::size_t, kColumns> widths{};
    std::vector<Cells> rows{header};
    std::ranges::transform(report.certificates,
                           std::back_inserter(rows),
                           [&](const HealthRow& row) { return cells_of(row, now); });
    for (const Cells& cells : rows) {
        for (std::size_t i = 0; i < kColumns; ++i) {
            widths[i] = std::max(widths[i], width(cells[i]));
        }
    }
    std::string text = painted(line(header, widths, "", Colour::none), "\x1b[1m", colour);
    for (std::size_t i = 0; i < report.certificates.size(); ++i) {
        text += line(rows[i + 1], widths, colour_of(report.certificates[i].health), colour);
        add_details(text, report.certificates[i], colour);
    }
    for (const TokenRow& token : report.tokens) {
        if (token.ends || !token.verdict.empty()) {
            text += "token     " + token.source + ": " +
                    (token.ends ? "ends " + when(token.ends, now) +
                                      (token.renewable == true ? ", renewable" : "")
                                : "") +
                    (token.verdict.empty()
                         ? ""
                         : " " + painted(token.verdict, colour_of(token.health), colour)) +
                    "\n";
        }
    }
    return text;
}

}  // namespace install_cert::agent
