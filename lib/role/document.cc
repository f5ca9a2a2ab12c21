// SPDX-License-Identifier: Apache-2.0
// Builds the tree from YAML's events.
#include "role/document.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "role/diagnostics.h"
#include "role/text_check.h"
#include "role/yaml_events.h"

namespace install_cert::role {
namespace {

bool means_null(std::string_view plain) {
    return plain.empty() || plain == "~" || plain == "null" || plain == "Null" || plain == "NULL";
}

class Composer {
  public:
    Composer(const Source& source, std::string_view text, Diagnostics& diagnostics)
        : source_(source),
          diagnostics_(diagnostics),
          events_(text),
          has_tabs_(text.contains('\t')) {}

    Node document() {
        Node root;
        while (next() && events_.current().type != YAML_STREAM_END_EVENT) {
            if (events_.current().type == YAML_DOCUMENT_START_EVENT) {
                if (root.mark.line != 0) {
                    refuse(here(), {.what = "a second document", .way_out = "a file holds one"});
                    break;
                }
                root = next() ? node(1) : faulty(here());
            }
        }
        return root;
    }

  private:
    // After a syntax error nothing comes any more, and what was built so far is kept.
    bool next() {
        if (failed_) {
            return false;
        }
        if (!events_.next()) {
            failed_ = true;
            diagnostics_.note_unreadable_part();
            if (!has_tabs_) {  // they were reported, and are the reason
                diagnostics_.add(events_.failure_mark(source_),
                                 Remark{.what = "not YAML: " + events_.failure()});
            }
        }
        return !failed_;
    }

    void refuse(const Mark& mark, Remark remark) {
        diagnostics_.add(mark, std::move(remark));
        diagnostics_.note_unreadable_part();
        failed_ = true;
    }

    [[nodiscard]] Mark here() const {
        const auto& start = events_.current().start_mark;
        return {.source = &source_,
                .line = static_cast<int>(start.line) + 1,
                .column = static_cast<int>(start.column) + 1};
    }

    static Node faulty(const Mark& mark) {
        Node result;
        result.kind = Kind::faulty;
        result.mark = mark;
        return result;
    }

    // The node that begins at the current event; ends at its last one.
    Node node(int depth) {
        if (depth > kDepthLimit) {
            refuse(here(), {.what = "nested deeper than any configuration"});
            return faulty(here());
        }
        const auto type = events_.current().type;
        if (type == YAML_SCALAR_EVENT) {
            return scalar();
        }
        if (type == YAML_SEQUENCE_START_EVENT) {
            return list(depth);
        }
        if (type == YAML_MAPPING_START_EVENT) {
            return mapping(depth);
        }
        if (type == YAML_ALIAS_EVENT) {
            diagnostics_.add(here(), Remark{.what = "an alias (*name)", .way_out = kWriteItOut});
        }
        return faulty(here());
    }

    void check_properties(const yaml_char_t* anchor, const yaml_char_t* tag) {
        if (anchor != nullptr) {
            diagnostics_.add(here(), Remark{.what = "an anchor (&name)", .way_out = kWriteItOut});
        }
        if (tag != nullptr) {
            diagnostics_.add(here(),
                             Remark{.what = "a tag (!type)", .way_out = "every value is text"});
        }
    }

    Node scalar() {
        const auto& found = events_.current().data.scalar;
        check_properties(found.anchor, found.tag);
        Node result;
        result.mark = here();
        result.text = view(found.value, found.length);
        const bool plain = found.style == YAML_PLAIN_SCALAR_STYLE;
        result.quoting = plain ? Quoting::plain : Quoting::quoted;
        result.kind = plain && means_null(result.text) ? Kind::null : Kind::scalar;
        return result;
    }

    Node list(int depth) {
        const auto& found = events_.current().data.sequence_start;
        check_properties(found.anchor, found.tag);
        Node result;
        result.kind = Kind::list;
        result.mark = here();
        while (next() && events_.current().type != YAML_SEQUENCE_END_EVENT) {
            result.items.push_back(node(depth + 1));
        }
        return result;
    }

    Node mapping(int depth) {
        const auto& found = events_.current().data.mapping_start;
        check_properties(found.anchor, found.tag);
        Node result;
        result.kind = Kind::mapping;
        result.mark = here();
        result.entries.reserve(kUsualKeys);
        while (next() && events_.current().type != YAML_MAPPING_END_EVENT) {
            auto key = node(depth + 1);
            if (!next()) {
                break;
            }
            auto value = node(depth + 1);
            if (key.kind == Kind::scalar) {
                result.entries.push_back({std::move(key.text), key.mark, std::move(value)});
            } else if (key.kind != Kind::faulty) {
                diagnostics_.add(key.mark, Remark{.what = "a key must be a word"});
            }
        }
        drop_duplicates(result.entries);
        return result;
    }

    // By sorting, so that a megabyte of keys does not take the square of it.
    void drop_duplicates(std::vector<Entry>& entries) {
        if (entries.size() < 2) {
            return;
        }
        std::vector<std::size_t> order(entries.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::stable_sort(
            order, {}, [&](std::size_t i) -> std::string_view { return entries[i].key; });
        std::vector<char> is_double(entries.size(), 0);
        for (std::size_t i = 1, first = 0; i < order.size(); ++i) {
            const auto& earlier = entries[order[first]];
            const auto& entry = entries[order[i]];
            if (entry.key != earlier.key) {
                first = i;
                continue;
            }
            is_double[order[i]] = 1;
            diagnostics_.add(
                entry.mark,
                Remark{.what = "key " + quoted(entry.key) + " is there twice",
                       .way_out = "the first is in line " + std::to_string(earlier.mark.line)});
        }
        std::size_t index = 0;
        std::erase_if(entries, [&](const Entry&) { return is_double[index++] != 0; });
    }

    static constexpr std::size_t kUsualKeys = 8;
    static constexpr const char* kWriteItOut = "write the value out where it is meant";

    const Source& source_;
    Diagnostics& diagnostics_;
    YamlEvents events_;
    bool has_tabs_;
    bool failed_ = false;
};

}  // namespace

const Node* Node::find(std::string_view key) const {
    const auto found = std::ranges::find(entries, key, &Entry::key);
    return found == entries.end() ? nullptr : &found->value;
}

Node* Node::find(std::string_view key) {
    const auto found = std::ranges::find(entries, key, &Entry::key);
    return found == entries.end() ? nullptr : &found->value;
}

Node parse_document(const Source& source, std::string_view yaml, Diagnostics& diagnostics) {
    Node root;
    if (const auto text = checked_text(source, yaml, diagnostics)) {
        root = Composer(source, *text, diagnostics).document();
    }
    if (root.kind != Kind::mapping && root.kind != Kind::null && root.kind != Kind::faulty) {
        diagnostics.add(root.mark, Remark{.what = "keys with values are expected here"});
        diagnostics.note_unreadable_part();
    }
    if (root.kind != Kind::mapping) {
        root = Node{};
        root.kind = Kind::mapping;
        root.mark = {.source = &source, .line = 1, .column = 1};
    }
    return root;
}

}  // namespace install_cert::role
