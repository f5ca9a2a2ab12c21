// SPDX-License-Identifier: Apache-2.0
// Walks a configuration and expands its texts.
#include "role/expand.h"

#include <utility>

#include "role/diagnostics.h"
#include "role/document.h"
#include "role/variables.h"

namespace install_cert::role {
namespace {

void expand_tree(Node& node, Variables& variables) {
    if (node.kind == Kind::scalar) {
        expand_text(node, variables);
    }
    for (auto& item : node.items) {
        expand_tree(item, variables);
    }
    for (auto& entry : node.entries) {
        expand_tree(entry.value, variables);
    }
}

}  // namespace

void expand_text(Node& scalar, Variables& variables) {
    if (auto expanded = variables.expand(scalar)) {
        scalar.text = *std::move(expanded);
    } else {
        scalar.kind = Kind::faulty;
    }
}

void expand_all(Node& configuration, Variables& variables) {
    for (auto& [key, mark, value] : configuration.entries) {
        if (key == "variables") {
            variables.check_definitions();
        } else if (key == "vault") {
            for (auto& entry : value.entries) {
                if (entry.key != "address") {
                    expand_tree(entry.value, variables);
                }
            }
        } else if (key != "environment_files" && key != "cluster") {
            expand_tree(value, variables);
        }
    }
}

}  // namespace install_cert::role
