// SPDX-License-Identifier: Apache-2.0
// A YAML text as a stream of events. With document.cc the only place that knows libyaml.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <yaml.h>

#include "role/diagnostics.h"

namespace install_cert::role {

// libyaml's parser and the event it is at, each released once.
class YamlEvents {
  public:
    // `text` outlives this; it is UTF-8.
    explicit YamlEvents(std::string_view text);
    ~YamlEvents();
    YamlEvents(const YamlEvents&) = delete;
    YamlEvents& operator=(const YamlEvents&) = delete;
    YamlEvents(YamlEvents&&) = delete;
    YamlEvents& operator=(YamlEvents&&) = delete;

    // False at a syntax error, of which failure() then tells.
    [[nodiscard]] bool next();

    [[nodiscard]] const yaml_event_t& current() const { return event_; }

    [[nodiscard]] Mark failure_mark(const Source& source) const;
    // "did not find expected ',' or ']' (while parsing a flow sequence that begins in line 4)"
    [[nodiscard]] std::string failure() const;

  private:
    std::string_view text_;
    yaml_parser_t parser_{};
    yaml_event_t event_{};
    bool ready_ = false;
};

[[nodiscard]] std::string_view view(const yaml_char_t* bytes, std::size_t size);

}  // namespace install_cert::role
