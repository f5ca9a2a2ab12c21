// SPDX-License-Identifier: Apache-2.0
// What a fuzz target holds a parser to, beside not crashing: a broken promise ends the process.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/result.h"
#include "foundation/text.h"

namespace install_cert::fuzz {

// Longer than any message an operator could read; a message must not grow with hostile input.
inline constexpr std::size_t kMessageLimit = 16 * 1024;

inline void promise(bool kept, const char* what) {
    if (!kept) {
        std::fprintf(stderr, "promise broken: %s\n", what);
        std::abort();
    }
}

// C0, DEL, C1 and whatever is not UTF-8.
inline bool is_clean_line(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool c1 =
            byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (byte < 0x20 || byte == 0x7F || c1) {
            return false;
        }
    }
    return is_utf8(text);
}

inline void promise_message(std::string_view text) {
    promise(is_clean_line(text), "a message is one line without control characters");
    promise(text.size() <= kMessageLimit, "a message is bounded");
}

inline void promise_error(const Error& error) {
    promise(!error.what.empty(), "an error says what");
    promise_message(error.what);
    promise_message(error.way_out);
}

// A name that becomes part of a path.
inline void promise_file_name(std::string_view name) {
    promise(!name.empty() && name != "." && name != ".." && !name.contains('/') &&
                !name.contains('\0') && name.size() <= 255,
            "a name of a file stays in its directory");
}

// The parts of an input that has several; always `count` of them.
inline std::vector<std::string_view> parts(std::string_view input,
                                           std::string_view separator,
                                           std::size_t count) {
    std::vector<std::string_view> found;
    while (found.size() + 1 < count) {
        const std::size_t end = std::min(input.find(separator), input.size());
        found.push_back(input.substr(0, end));
        input.remove_prefix(std::min(end + separator.size(), input.size()));
    }
    found.push_back(input);
    return found;
}

}  // namespace install_cert::fuzz

// Defines the target: a body that is given `input`.
#define FUZZ_TARGET(input)                                                                \
    static void examine_input(std::string_view input);                                    \
    extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) { \
        examine_input({reinterpret_cast<const char*>(bytes), size});                      \
        return 0;                                                                         \
    }                                                                                     \
    static void examine_input(std::string_view input)
