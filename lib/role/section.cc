// SPDX-License-Identifier: Apache-2.0
// Reads texts, flags, paths, durations and lists out of a mapping.
#include "role/section.h"

#include <algorithm>
#include <chrono>
#include <climits>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/text.h"
#include "role/diagnostics.h"
#include "role/document.h"

namespace install_cert::role {

std::optional<std::string> clean_path(std::string_view path) {
    if (!path.starts_with('/') || path.size() >= PATH_MAX) {
        return std::nullopt;
    }
    std::string clean;
    for (const auto& part : split(path.substr(1), '/')) {
        if (part == "..") {
            return std::nullopt;
        }
        if (!part.empty() && part != ".") {
            clean += "/" + part;
        }
    }
    return clean.empty() ? "/" : clean;
}

std::string without_outer_slashes(std::string_view mount) {
    while (mount.starts_with('/')) {
        mount.remove_prefix(1);
    }
    while (mount.ends_with('/')) {
        mount.remove_suffix(1);
    }
    return std::string(mount);
}

const Node* Section::find(std::string_view key) const {
    const auto* node = mapping_ == nullptr ? nullptr : mapping_->find(key);
    return node == nullptr || node->kind == Kind::faulty ? nullptr : node;
}

bool Section::has(std::string_view key) const {
    return mapping_ != nullptr && mapping_->find(key) != nullptr;
}

Mark Section::mark_of(std::string_view key) const {
    const auto* node = mapping_ == nullptr ? nullptr : mapping_->find(key);
    return node == nullptr ? at_ : node->mark;
}

std::vector<std::string_view> Section::keys() const {
    std::vector<std::string_view> names;
    if (mapping_ != nullptr) {
        std::ranges::transform(mapping_->entries, std::back_inserter(names), &Entry::key);
    }
    return names;
}

std::optional<std::string> Section::text(std::string_view key) const {
    const auto* node = find(key);
    if (node == nullptr) {
        return std::nullopt;
    }
    if (node->text.empty()) {
        report(node->mark, quoted(key) + " is empty", "leave the key out if it has no value");
        return std::nullopt;
    }
    return node->text;
}

std::string Section::required_text(std::string_view key) const {
    if (!has(key)) {
        report_missing(title_ + " has no " + quoted(key));
    }
    return text(key).value_or("");
}

bool Section::flag(std::string_view key) const {
    const auto* node = find(key);
    return node != nullptr && node->text == "true";
}

std::string Section::path(std::string_view key) const {
    const auto written = text(key);
    if (!written) {
        return {};
    }
    auto path = clean_path(*written);
    if (!path) {
        report(mark_of(key),
               quoted(key) + " must be an absolute path without '..'",
               "this is " + quoted(*written));
    }
    return path.value_or("");
}

std::optional<std::chrono::seconds> Section::duration(std::string_view key) const {
    const auto written = text(key);
    if (!written) {
        return std::nullopt;
    }
    const auto parsed = parse_duration(*written);
    if (written->starts_with('-') || parsed == std::chrono::seconds{0}) {
        report(mark_of(key), quoted(key) + " must be more than zero, this is " + quoted(*written));
        return std::nullopt;
    }
    if (!parsed) {
        report(mark_of(key), quoted(*written) + " is no duration", "write 720h, 90m, 30s or 7d");
    }
    return parsed;
}

std::optional<std::vector<const Node*>> Section::list(std::string_view key) const {
    const auto* node = find(key);
    if (node == nullptr) {
        return std::nullopt;
    }
    std::vector<const Node*> items;
    for (const auto& item : node->items) {
        if (item.kind != Kind::faulty) {
            items.push_back(&item);
        }
    }
    return items;
}

std::optional<std::vector<std::string>> Section::texts(std::string_view key) const {
    const auto items = list(key);
    if (!items) {
        return std::nullopt;
    }
    std::vector<std::string> texts;
    for (const auto* item : *items) {
        if (item->text.empty()) {
            report(item->mark, "an empty text in " + quoted(key));
        } else {
            texts.push_back(item->text);
        }
    }
    return texts;
}

void Section::report(const Mark& mark, std::string what, std::string way_out) const {
    diagnostics_->add(mark, Remark{.what = std::move(what), .way_out = std::move(way_out)});
}

void Section::report_missing(std::string what) const {
    diagnostics_->add_absence(at_, Remark{.what = std::move(what)});
}

void Section::report_choice(std::string_view key,
                            const Node& node,
                            const std::vector<std::string_view>& words) const {
    const std::vector<std::string> all(words.begin(), words.end());
    auto hint = did_you_mean(node.text, words);
    report(node.mark,
           quoted(node.text) + " is no " + quoted(key) + " (" + join(all, ", ") + ")",
           std::move(hint));
}

}  // namespace install_cert::role
