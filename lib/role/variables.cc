// SPDX-License-Identifier: Apache-2.0
// Resolves names, each once, and expands texts with them.
#include "role/variables.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/result.h"
#include "foundation/text.h"
#include "role/diagnostics.h"
#include "role/document.h"
#include "role/environment_file.h"

namespace install_cert::role {
namespace {

constexpr std::array<std::string_view, 4> kFacts{"hostname", "fqdn", "machine_id", "ip"};
// kube-10-0-0-7.cluster.local: an address as one label of a DNS name.
constexpr std::string_view kDashedAddress = "ip_dashed";
constexpr const char* kLiteral = "a literal '${' is written '$${'";

bool is_fact(std::string_view name) {
    return std::ranges::find(kFacts, name) != kFacts.end() || name.starts_with("ip:") ||
           name.starts_with("env:");
}

bool is_variable_name(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("_-.:").contains(c);
    });
}

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
}

std::string reference(std::string_view name) {
    return "${" + printable(name) + "}";
}

}  // namespace

// fd00:: would be a label that ends in a dash, ::1 one that begins with it.
std::string dashed(std::string address) {
    std::ranges::replace_if(address, [](char c) { return c == '.' || c == ':'; }, '-');
    if (address.starts_with('-')) {
        address.insert(0, "0");
    }
    return address.ends_with('-') ? address + "0" : address;
}

void Variables::check_definitions() {
    const auto* words = configuration_.find("variables");
    if (words == nullptr) {
        return;
    }
    for (const auto& [name, mark, definition] : words->entries) {
        if (name == "cluster") {
            diagnostics_.add(mark,
                             Remark{.what = "'cluster' is no variable",
                                    .way_out = "it is a key of its own, at the top"});
        } else if (!is_variable_name(name)) {
            diagnostics_.add(mark,
                             Remark{.what = quoted(name) + " is no name for a variable",
                                    .way_out = "write letters, digits, '_', '-' and '.'"});
        } else {
            (void)value(name, mark);
        }
    }
}

void Variables::read_environment_files(const Node& list) {
    for (const auto& item : list.items) {
        if (const auto written = item.kind == Kind::scalar ? expand(item) : std::nullopt) {
            read_environment_file(*written, item.mark);
        }
    }
}

void Variables::read_environment_file(const std::string& written, const Mark& mark) {
    const bool may_be_absent = written.starts_with('-');
    const auto path = written.substr(may_be_absent ? 1 : 0);
    if (!path.starts_with('/')) {
        diagnostics_.add(
            mark, Remark{.what = "environment file " + quoted(path) + " must be an absolute path"});
        return;
    }
    const auto content = host_.environment_file(path);
    if (content) {
        read_environment(*content, environment_);
        return;
    }
    auto error = content.error();
    if (error.kind == Failure::not_yet) {
        absent_files_.push_back(path);
        error.way_out = "write -" + path + " if it may be absent";
    }
    if (error.kind != Failure::not_yet || !may_be_absent) {
        diagnostics_.add(mark, error);
    }
}

std::optional<std::string> Variables::expand(const Node& scalar) {
    const auto wrong = [&](std::string what, std::string way_out) {
        diagnostics_.add(scalar.mark, Remark{std::move(what), std::move(way_out)});
        return std::nullopt;
    };
    std::string result;
    std::string_view rest = scalar.text;
    for (auto dollar = rest.find("${"); dollar != std::string_view::npos;
         dollar = rest.find("${")) {
        const bool literal = dollar > 0 && rest[dollar - 1] == '$';
        result.append(rest.substr(0, literal ? dollar - 1 : dollar)).append(literal ? "${" : "");
        rest.remove_prefix(dollar + 2);
        if (literal) {
            continue;
        }
        const auto end = rest.find('}');
        const auto name = rest.substr(0, end);
        if (end == std::string_view::npos || !is_variable_name(name)) {
            return wrong("'${' begins no variable here", kLiteral);
        }
        const auto replacement = value(name, scalar.mark);
        if (!replacement) {
            return std::nullopt;
        }
        if (result.append(*replacement).size() > kValueLimit) {
            return wrong("expands to more than 16 KiB", {});
        }
        rest.remove_prefix(end + 1);
    }
    if (std::ranges::any_of(result.append(rest), is_control)) {
        return wrong("a line break or another control character in a text", {});
    }
    return result;
}

std::optional<std::string> Variables::value(std::string_view name, const Mark& mark) {
    auto found = found_.find(name);
    if (found == found_.end()) {
        found = found_.emplace(name, Found{}).first;
        found->second = look_up(name, mark);
    } else if (found->second.state == State::in_progress) {
        diagnostics_.add(mark, Remark{.what = quoted(reference(name)) + " refers to itself"});
    }
    if (found->second.state == State::undefined) {
        report_undefined(name, mark);
    }
    return found->second.state == State::known ? std::optional(found->second.text) : std::nullopt;
}

Variables::Found Variables::look_up(std::string_view name, const Mark& mark) {
    const auto defined_by = [&](const Node& definition) {
        return found_or_failed(definition.kind == Kind::scalar ? expand(definition) : std::nullopt);
    };
    const auto* cluster = configuration_.find("cluster");
    if (name == "cluster" && cluster != nullptr) {
        return defined_by(*cluster);
    }
    const auto* words = configuration_.find("variables");
    if (const auto* word = words == nullptr ? nullptr : words->find(name)) {
        return defined_by(*word);
    }
    if (is_fact(name)) {
        return fact(name, mark);
    }
    if (name == kDashedAddress) {
        auto address = value("ip", mark);
        return found_or_failed(address ? std::optional(dashed(*std::move(address))) : std::nullopt);
    }
    if (const auto found = environment_.find(name); found != environment_.end()) {
        return {State::known, found->second};
    }
    return {State::undefined};
}

Variables::Found Variables::found_or_failed(std::optional<std::string> text) {
    return text ? Found{State::known, *std::move(text)} : Found{State::failed};
}

Variables::Found Variables::fact(std::string_view name, const Mark& mark) {
    if (name == "ip" && !vault_host_) {
        diagnostics_.add(mark,
                         Remark{.what = "'${ip}' is the address towards Vault, and not known here",
                                .way_out = "use '${ip:INTERFACE}'"});
        return {State::failed};
    }
    if (name == "ip" && vault_host_->empty()) {
        return {State::failed};
    }
    auto found = host_.fact(name, vault_host_.value_or(""));
    if (found) {
        return {State::known, *std::move(found)};
    }
    if (found.error().kind == Failure::usage) {
        return {State::undefined};
    }
    diagnostics_.add(mark, while_doing(reference(name), found.error()).error());
    return {State::failed};
}

void Variables::report_undefined(std::string_view name, const Mark& mark) {
    if (!absent_files_.empty()) {
        // It may well be in the file that a booting host does not have yet.
        diagnostics_.add_absence(mark,
                                 Remark{.what = quoted(reference(name)) + " is not defined; " +
                                                join(absent_files_, ", ") + " is not there (yet)",
                                        .kind = Failure::not_yet});
        return;
    }
    if (name == "cluster") {
        diagnostics_.add_absence(mark,
                                 Remark{.what = "'${cluster}' is not defined",
                                        .way_out = "write cluster: NAME at the top"});
        return;
    }
    std::vector<std::string_view> candidates(kFacts.begin(), kFacts.end());
    candidates.emplace_back("cluster");
    candidates.push_back(kDashedAddress);
    if (const auto* words = configuration_.find("variables"); words != nullptr) {
        std::ranges::transform(words->entries, std::back_inserter(candidates), &Entry::key);
    }
    for (const auto& [key, unused] : environment_) {
        candidates.push_back(key);
    }
    auto hint = did_you_mean(name, candidates);
    if (hint.empty()) {
        hint = "define it under 'variables' or in an environment file";
    }
    diagnostics_.add_absence(
        mark,
        Remark{.what = quoted(reference(name)) + " is not defined", .way_out = std::move(hint)});
}

}  // namespace install_cert::role
