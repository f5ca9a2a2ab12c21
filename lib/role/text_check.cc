// SPDX-License-Identifier: Apache-2.0
// Size, encoding, control characters and tabs of a configuration text.
#include "role/text_check.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/text.h"
#include "role/diagnostics.h"

namespace install_cert::role {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool begins_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

bool is_forbidden_control(char byte) {
    const auto value = static_cast<unsigned char>(byte);
    return (value < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || value == 0x7F;
}

std::string hex(char byte) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto value = static_cast<unsigned char>(byte);
    return {'0', 'x', kDigits[value >> 4U], kDigits[value & 0xFU]};
}

// One report a line is enough to find them all.
void report_tabs(const Source& source, std::string_view text, Diagnostics& diagnostics) {
    int line = 1;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto row = text.substr(0, end);
        if (const auto tab = row.find('\t'); tab != std::string_view::npos) {
            auto mark = mark_at(source, row, tab);
            mark.line = line;
            diagnostics.add(mark,
                            Remark{.what = "a tab",
                                   .way_out = "indent with spaces; in a double-quoted text a tab "
                                              "is written \\t"});
        }
        text.remove_prefix(std::min(end + 1, text.size()));
        ++line;
    }
}

}  // namespace

Mark mark_at(const Source& source, std::string_view text, std::size_t offset) {
    const auto before = text.substr(0, std::min(offset, text.size()));
    const auto line_start = before.rfind('\n') + 1;  // npos + 1 is 0: the first line
    return {.source = &source,
            .line = 1 + static_cast<int>(std::ranges::count(before, '\n')),
            .column = 1 + static_cast<int>(
                              std::ranges::count_if(before.substr(line_start), begins_character))};
}

std::optional<std::string_view> checked_text(const Source& source,
                                             std::string_view text,
                                             Diagnostics& diagnostics) {
    const auto refuse = [&](std::size_t offset, std::string what) {
        diagnostics.add(mark_at(source, text, offset), Remark{.what = std::move(what)});
        diagnostics.note_unreadable_part();
        return std::nullopt;
    };
    if (text.size() > kTextLimit) {
        return refuse(0, "longer than 1 MiB: this is no configuration");
    }
    if (text.starts_with(kByteOrderMark)) {
        text.remove_prefix(kByteOrderMark.size());
    }
    if (const auto good = utf8_prefix(text); good != text.size()) {
        return refuse(good, "not UTF-8");
    }
    if (const auto* found = std::ranges::find_if(text, is_forbidden_control); found != text.end()) {
        return refuse(static_cast<std::size_t>(found - text.begin()),
                      "a control character (" + hex(*found) + ")");
    }
    if (text.contains('\t')) {
        report_tabs(source, text, diagnostics);
    }
    return text;
}

}  // namespace install_cert::role
