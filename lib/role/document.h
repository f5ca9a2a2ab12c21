// SPDX-License-Identifier: Apache-2.0
// One YAML text as a tree that remembers where everything was written; nothing of YAML survives
// that an operator could trip over: no anchors, no tags, no second document, no duplicate keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "role/diagnostics.h"
#include "role/load.h"

namespace install_cert::role {

enum class Kind : std::uint8_t {
    null,    // written without a value, or ~
    scalar,  // text, whatever it looks like: `no`, `1e3` and `0640` are what was typed
    list,
    mapping,
    faulty,  // there, but wrong; was reported, so that nobody reports it again
};

enum class Quoting : std::uint8_t { plain, quoted };

// Who wins where a lower text has a mapping under the same key.
enum class Precedence : std::uint8_t { merges, replaces };

struct Entry;

struct Node {
    Kind kind = Kind::null;
    Mark mark;
    std::string text;  // scalar
    Quoting quoting = Quoting::plain;
    Precedence precedence = Precedence::merges;
    std::vector<Node> items;     // list
    std::vector<Entry> entries;  // mapping, in the order written, keys distinct

    // The value under `key`; nullptr when there is none.
    [[nodiscard]] const Node* find(std::string_view key) const;
    [[nodiscard]] Node* find(std::string_view key);
};

struct Entry {
    std::string key;
    Mark mark;  // of the key
    Node value;
};

// Levels of nesting; the deepest that the configuration knows is 5.
inline constexpr int kDepthLimit = 16;

// A mapping, possibly with faulty parts, each reported; what follows a syntax error is lost, and
// `diagnostics` then knows that the configuration is incomplete.
[[nodiscard]] Node parse_document(const Source& source,
                                  std::string_view yaml,
                                  Diagnostics& diagnostics);

}  // namespace install_cert::role
