// SPDX-License-Identifier: Apache-2.0
// Walks a configuration and expands its texts.
#include "role/expand.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "role/diagnostics.h"
#include "role/document.h"
#include "role/variables.h"

namespace install_cert::role {
namespace {

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
}

void expand_tree(Node& node, Variables& variables, Diagnostics& diagnostics) {
    if (node.kind == Kind::scalar) {
        expand_text(node, variables, diagnostics);
    }
    for (auto& item : node.items) {
        expand_tree(item, variables, diagnostics);
    }
    for (auto& entry : node.entries) {
        expand_tree(entry.value, variables, diagnostics);
    }
}

}  // namespace

void expand_text(Node& scalar, Variables& variables, Diagnostics& diagnostics) {
    if (scalar.text.contains("${")) {
        if (auto expanded = variables.expand(scalar)) {
            scalar.text = *std::move(expanded);
        } else {
            scalar.kind = Kind::faulty;
            return;
        }
    }
    if (std::ranges::any_of(scalar.text, is_control)) {
        diagnostics.add(scalar.mark,
                        Remark{.what = "a line break or another control character in a text"});
        scalar.kind = Kind::faulty;
    }
}

void expand_all(Node& configuration, Variables& variables, Diagnostics& diagnostics) {
    for (auto& [key, mark, value] : configuration.entries) {
        if (key == "variables") {
            for (const auto& word : value.entries) {
                (void)variables.value(word.key, word.mark);
            }
        } else if (key == "vault") {
            for (auto& entry : value.entries) {
                if (entry.key != "address") {
                    expand_tree(entry.value, variables, diagnostics);
                }
            }
        } else if (key != "environment_files" && key != "cluster") {
            expand_tree(value, variables, diagnostics);
        }
    }
}

}  // namespace install_cert::role
