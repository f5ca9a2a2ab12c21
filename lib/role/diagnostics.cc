// SPDX-License-Identifier: Apache-2.0
// Gathers, orders and words what is wrong with a configuration.
#include "role/diagnostics.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "foundation/result.h"
#include "foundation/text.h"
#include "role/load.h"
#include "role/role.h"

namespace install_cert::role {

Position to_position(const Mark& mark) {
    return {.file = mark.source == nullptr ? "" : mark.source->file,
            .line = mark.line,
            .column = mark.column};
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
    const auto near = nearest(word, candidates);
    return near ? "did you mean '" + *near + "'?" : "";
}

std::string quoted(std::string_view value) {
    return "'" + printable(value) + "'";
}

void Diagnostics::add(const Mark& mark, Remark remark) {
    if (found_.size() < kLimit) {
        found_.push_back({mark, std::move(remark)});
    }
}

void Diagnostics::add(const Mark& mark, const Error& error) {
    const auto kind = error.kind == Failure::not_yet ? Failure::not_yet : Failure::config;
    add(mark, Remark{.what = error.what, .way_out = error.way_out, .kind = kind});
}

void Diagnostics::add_absence(const Mark& mark, Remark remark) {
    if (!incomplete_) {
        add(mark, std::move(remark));
    }
}

std::vector<Diagnostic> Diagnostics::take() {
    const auto place = [](const Found& found) {
        const auto& mark = found.mark;
        return std::tuple(mark.source == nullptr ? -1 : mark.source->order, mark.line, mark.column);
    };
    std::ranges::stable_sort(found_, {}, place);
    std::vector<Diagnostic> all;
    for (auto& [mark, remark] : found_) {
        auto position = to_position(mark);
        const bool said = !all.empty() && all.back().what == remark.what &&
                          all.back().position.file == position.file &&
                          all.back().position.line == position.line &&
                          all.back().position.column == position.column;
        if (!said) {
            all.push_back({.position = std::move(position),
                           .what = std::move(remark.what),
                           .way_out = std::move(remark.way_out),
                           .kind = remark.kind});
        }
    }
    found_.clear();
    return all;
}

std::string to_string(const Diagnostic& diagnostic) {
    const auto& [file, line, column] = diagnostic.position;
    std::string text = file;
    if (line > 0) {
        text += ":" + std::to_string(line) + ":" + std::to_string(column);
    }
    text += (text.empty() ? "" : ": ") + diagnostic.what;
    return diagnostic.way_out.empty() ? text : text + ": " + diagnostic.way_out;
}

}  // namespace install_cert::role
