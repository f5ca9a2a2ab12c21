// SPDX-License-Identifier: Apache-2.0
// Checks one text against the table of keys.
#include "role/schema.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/text.h"
#include "role/diagnostics.h"
#include "role/document.h"

namespace install_cert::role {
namespace {

using enum Shape;

const Key* find(const Schema& schema, std::string_view name) {
    const auto found = std::ranges::find(schema.keys, name, &Key::name);
    return found == schema.keys.end() ? nullptr : &*found;
}

std::vector<std::string_view> names_of(const Schema& schema) {
    std::vector<std::string_view> names;
    std::ranges::transform(schema.keys, std::back_inserter(names), &Key::name);
    return names;
}

// The section that a key belongs to, where it is not this one.
std::string right_place(std::string_view name) {
    for (const auto* other : all_sections()) {
        if (find(*other, name) == nullptr) {
            continue;
        }
        if (other->path.empty()) {
            return "it belongs at the top of the host file";
        }
        const bool is_words = other->path.contains(' ');
        return "it belongs in " + (is_words ? std::string(other->path) : quoted(other->path));
    }
    return {};
}

std::string_view expectation(Shape shape) {
    switch (shape) {
        case text:
            return "a text";
        case flag:
            return "true or false";
        case texts:
            return "a list of texts, as in [a, b]";
        case file:
            return "a file name, or a mapping with 'name' and 'mode'";
        case section:
        case named:
        case words:
            return "a mapping";
        case sections:
            return "a list of mappings";
    }
    return {};
}

std::string_view description(const Node& value) {
    switch (value.kind) {
        case Kind::null:
            return "nothing";
        case Kind::scalar:
            return value.quoting == Quoting::quoted ? "a quoted text" : "a text";
        case Kind::list:
            return "a list";
        case Kind::mapping:
            return "a mapping";
        case Kind::faulty:
            break;
    }
    return "";
}

bool is_flag(const Node& value) {
    return value.kind == Kind::scalar && value.quoting == Quoting::plain &&
           (value.text == "true" || value.text == "false");
}

bool fits(const Node& value, Shape shape) {
    switch (shape) {
        case text:
            return value.kind == Kind::scalar;
        case flag:
            return is_flag(value);
        case file:
            return value.kind == Kind::scalar || value.kind == Kind::mapping;
        case texts:
        case sections:
            return value.kind == Kind::list;
        case section:
        case named:
        case words:
            return value.kind == Kind::mapping;
    }
    return false;
}

// What a value is called in a message, put into words only when there is one.
struct Title {
    std::string_view name;
    std::string_view prefix{};
};

std::string to_string(const Title& title) {
    return std::string(title.prefix) + quoted(title.name);
}

// False when it was reported, now or before.
bool check_kind(const Title& title, Node& value, Shape shape, Diagnostics& diagnostics) {
    if (value.kind == Kind::faulty) {
        return false;
    }
    if (!fits(value, shape)) {
        std::string what = to_string(title) + " must be " + std::string(expectation(shape));
        what += ", this is " + std::string(description(value));
        diagnostics.add(value.mark, Remark{.what = std::move(what)});
        value.kind = Kind::faulty;
        return false;
    }
    return true;
}

void normalize_file(Node& value) {
    if (value.kind == Kind::scalar) {
        Node name = std::exchange(value, Node{});
        value.kind = Kind::mapping;
        value.precedence = Precedence::replaces;
        value.mark = name.mark;
        value.entries.push_back({"name", name.mark, std::move(name)});
    }
}

void check_value(const Title& title, Node& value, const Key& key, Diagnostics& diagnostics) {
    if (!check_kind(title, value, key.shape, diagnostics)) {
        return;
    }
    const Key inner{"", key.shape == words || key.shape == texts ? text : section, key.inner};
    switch (key.shape) {
        case file:
            normalize_file(value);
            [[fallthrough]];
        case section:
            check_shape(value, *key.inner, diagnostics);
            break;
        case named:
        case words:
            for (auto& entry : value.entries) {
                check_value({entry.key}, entry.value, inner, diagnostics);
            }
            break;
        case texts:
        case sections:
            for (auto& item : value.items) {
                check_value({title.name, "each of "}, item, inner, diagnostics);
            }
            break;
        case text:
        case flag:
            break;
    }
}

// Reports a key that the schema does not have. One that was only misspelt stays, faulty, under its
// right name, so that it is not missed as well. False when it is of no use.
bool keep_unknown(Entry& entry,
                  const Node& mapping,
                  const Schema& schema,
                  Diagnostics& diagnostics) {
    const auto meant = nearest(entry.key, names_of(schema));
    diagnostics.add(
        entry.mark,
        Remark{.what = "unknown key " + quoted(entry.key),
               .way_out = meant ? "did you mean '" + *meant + "'?" : right_place(entry.key)});
    if (!meant || mapping.find(*meant) != nullptr) {
        return false;
    }
    entry.key = *meant;
    entry.value.kind = Kind::faulty;
    return true;
}

}  // namespace

void check_shape(Node& mapping, const Schema& schema, Diagnostics& diagnostics) {
    for (auto& entry : mapping.entries) {
        if (const auto* key = find(schema, entry.key)) {
            check_value({entry.key}, entry.value, *key, diagnostics);
        } else if (!keep_unknown(entry, mapping, schema, diagnostics)) {
            entry.key.clear();
        }
    }
    std::erase_if(mapping.entries, [](const Entry& entry) { return entry.key.empty(); });
}

}  // namespace install_cert::role
