// SPDX-License-Identifier: Apache-2.0
// Drives libyaml's parser.
#include "role/yaml_events.h"

#include <cstddef>
#include <string>
#include <string_view>

#include <yaml.h>

#include "role/diagnostics.h"
#include "role/text_check.h"

namespace install_cert::role {

YamlEvents::YamlEvents(std::string_view text)
    : text_(text), ready_(yaml_parser_initialize(&parser_) != 0) {
    if (ready_) {
        yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): libyaml's byte type
        const auto* bytes = reinterpret_cast<const yaml_char_t*>(text.data());
        yaml_parser_set_input_string(&parser_, bytes, text.size());
    }
}

YamlEvents::~YamlEvents() {
    yaml_event_delete(&event_);
    if (ready_) {
        yaml_parser_delete(&parser_);
    }
}

bool YamlEvents::next() {
    yaml_event_delete(&event_);
    event_ = {};
    return ready_ && yaml_parser_parse(&parser_, &event_) != 0;
}

Mark YamlEvents::failure_mark(const Source& source) const {
    if (parser_.error == YAML_READER_ERROR) {
        return mark_at(source, text_, parser_.problem_offset);
    }
    return {.source = &source,
            .line = static_cast<int>(parser_.problem_mark.line) + 1,
            .column = static_cast<int>(parser_.problem_mark.column) + 1};
}

std::string YamlEvents::failure() const {
    std::string what = parser_.problem == nullptr ? "out of memory" : parser_.problem;
    if (parser_.context != nullptr) {
        what += std::string(" (") + parser_.context + " that begins in line " +
                std::to_string(parser_.context_mark.line + 1) + ")";
    }
    return what;
}

std::string_view view(const yaml_char_t* bytes, std::size_t size) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): libyaml's byte type
    return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace install_cert::role
