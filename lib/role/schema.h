// SPDX-License-Identifier: Apache-2.0
// Which keys a configuration has, and what each holds: the one table of them all.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "role/diagnostics.h"
#include "role/document.h"

namespace install_cert::role {

enum class Shape : std::uint8_t {
    text,
    flag,     // true or false
    texts,    // a list of texts
    file,     // a name, or a mapping of name and mode
    section,  // a mapping with the keys of `inner`
    named,    // a mapping of free names to sections with the keys of `inner`
    words,    // a mapping of free names to texts
    sections  // a list of mappings with the keys of `inner`
};

struct Key;

struct Schema {
    std::string_view path;  // "vault.auth", for messages; empty at the top
    std::span<const Key> keys;
};

struct Key {
    std::string_view name;
    Shape shape;
    const Schema* inner = nullptr;
};

[[nodiscard]] const Schema& host_schema();
// The same without `role`: a role file names no other.
[[nodiscard]] const Schema& role_file_schema();
// Each section once, the top first.
[[nodiscard]] std::span<const Schema* const> all_sections();

// Reports unknown keys and values of the wrong kind, removes the former and marks the latter
// faulty, so that everything after it meets only what it expects. A `file` written as a plain name
// becomes a mapping, so that another text can add a mode to it.
void check_shape(Node& mapping, const Schema& schema, Diagnostics& diagnostics);

}  // namespace install_cert::role
