// SPDX-License-Identifier: Apache-2.0
// Parses environment files line by line.
#include "role/environment_file.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "foundation/text.h"

namespace install_cert::role {
namespace {

bool is_name(std::string_view name) {
    const auto is_letter = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    };
    return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9');
    });
}

std::string unquoted(std::string_view value) {
    const bool is_quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
                           value.back() == value.front();
    if (!is_quoted) {
        return std::string(value);
    }
    const bool has_escapes = value.front() == '"';
    value = value.substr(1, value.size() - 2);
    std::string result;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const bool escaped = has_escapes && value[i] == '\\' && i + 1 < value.size();
        result += escaped ? value[++i] : value[i];
    }
    return result;
}

}  // namespace

void read_environment(std::string_view content, Environment& environment) {
    while (!content.empty()) {
        const auto end = std::min(content.find('\n'), content.size());
        auto line = trim(content.substr(0, end));
        content.remove_prefix(std::min(end + 1, content.size()));
        if (line.starts_with("export ")) {
            line = trim(line.substr(7));
        }
        const auto equals = line.find('=');
        if (equals != std::string_view::npos && is_name(line.substr(0, equals))) {
            environment.insert_or_assign(std::string(line.substr(0, equals)),
                                         unquoted(trim(line.substr(equals + 1))));
        }
    }
}

}  // namespace install_cert::role
