// SPDX-License-Identifier: Apache-2.0
// Merges trees by key, in linear time.
#include "role/merge.h"

#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "role/document.h"

namespace install_cert::role {

void merge(Node& base, Node&& over) {
    const bool replaces = base.kind != Kind::mapping || over.kind != Kind::mapping ||
                          over.precedence == Precedence::replaces || base.entries.empty();
    if (replaces) {
        base = std::move(over);
        return;
    }
    // The views stay good: no entry moves while the room is there.
    base.entries.reserve(base.entries.size() + over.entries.size());
    std::unordered_map<std::string_view, std::size_t> index;
    for (std::size_t i = 0; i < base.entries.size(); ++i) {
        index.emplace(base.entries[i].key, i);
    }
    for (auto& entry : over.entries) {
        if (const auto found = index.find(entry.key); found != index.end()) {
            auto& below = base.entries[found->second];
            below.mark = entry.mark;
            merge(below.value, std::move(entry.value));
        } else {
            base.entries.push_back(std::move(entry));
        }
    }
    base.mark = over.mark;
}

}  // namespace install_cert::role
