// SPDX-License-Identifier: Apache-2.0
// Where all that is wrong with a configuration is gathered, so that it is said at once.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/result.h"
#include "role/load.h"

namespace install_cert::role {

// One text; `order` is its precedence, in which its errors are told.
struct Source {
    std::string file;
    int order = 0;
};

// A Position that costs no string. Line 0: the source as a whole (an environment variable).
struct Mark {
    const Source* source = nullptr;
    int line = 0;
    int column = 0;
};

[[nodiscard]] Position to_position(const Mark& mark);

// What is wrong at a place, and what to do about it.
struct Remark {
    std::string what;
    std::string way_out{};
    Failure kind = Failure::config;
};

// "did you mean 'common_name'?", or empty.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string_view>& candidates);

// 'value' made safe for a message.
[[nodiscard]] std::string quoted(std::string_view value);

class Diagnostics {
  public:
    // Beyond this many, a broken file would only scroll the first ones away.
    static constexpr std::size_t kLimit = 1000;

    void add(const Mark& mark, Remark remark);
    void add(const Mark& mark, const Error& error);
    // For what is wrong only if nothing else defines it: not said when a part of the configuration
    // could not be read, since the definition may be in that part.
    void add_absence(const Mark& mark, Remark remark);

    void note_unreadable_part() { incomplete_ = true; }

    [[nodiscard]] bool empty() const { return found_.empty(); }

    // In order of file and line, each once.
    [[nodiscard]] std::vector<Diagnostic> take();

  private:
    struct Found {
        Mark mark;
        Remark remark;
    };

    std::vector<Found> found_;
    bool incomplete_ = false;
};

}  // namespace install_cert::role
