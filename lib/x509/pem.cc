// SPDX-License-Identifier: Apache-2.0
#include "x509/pem.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "foundation/text.h"

namespace install_cert::x509::pem {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";
constexpr std::size_t kColumns = 64;  // RFC 7468, 2

constexpr auto kValues = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(0xFF);
    for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
        values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}();

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Strict base64 (RFC 4648): padded, no stray bits; blanks are skipped.
std::optional<Secret> decoded(std::string_view base64) {
    Secret bytes;
    bytes.resize(base64.size() / 4 * 3 + 3);
    std::size_t size = 0;
    std::size_t digits = 0;
    std::size_t padding = 0;
    std::uint32_t group = 0;
    for (const char c : base64) {
        if (is_blank(c)) {
            continue;
        }
        const std::uint8_t value = c == '=' ? 0 : kValues[static_cast<unsigned char>(c)];
        padding += c == '=' ? 1 : 0;
        if (value == 0xFF || (padding != 0 && c != '=') || padding > 2) {
            return std::nullopt;
        }
        group = group << 6U | value;
        if (++digits % 4 == 0) {
            for (const unsigned shift : {16U, 8U, 0U}) {
                bytes.data()[size++] = static_cast<char>(group >> shift & 0xFFU);
            }
            group = 0;
        }
    }
    const bool has_stray_bits = std::any_of(bytes.data() + size - std::min(padding, size),
                                            bytes.data() + size,
                                            [](char c) { return c != 0; });
    if (digits % 4 != 0 || has_stray_bits) {
        return std::nullopt;
    }
    bytes.resize(size - std::min(padding, size));
    return bytes;
}

// The label of a line that begins with `mark`, and how long the line is up to its last dash.
struct Line {
    std::string_view label;
    std::size_t size;
};

std::optional<Line> boundary(std::string_view text, std::string_view mark) {
    const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
    const std::size_t dashes = line.find(kDashes, mark.size());
    if (!line.starts_with(mark) || dashes == std::string_view::npos) {
        return std::nullopt;
    }
    return Line{.label = line.substr(mark.size(), dashes - mark.size()),
                .size = dashes + kDashes.size()};
}

std::unexpected<Error> malformed(std::string what) {
    return fail(Failure::rejected, "malformed PEM: " + std::move(what));
}

// Where the next line starts that is a BEGIN line; the end of the text when there is none. As for
// OpenSSL, one that has something in front of it (a comment's `#`) is mere text.
std::size_t find_begin(std::string_view pem) {
    std::size_t at = pem.find(kBegin);
    while (at != std::string_view::npos && at != 0 && pem[at - 1] != '\n' && pem[at - 1] != '\r') {
        at = pem.find(kBegin, at + 1);
    }
    return std::min(at, pem.size());
}

// The block at the front of `pem`, which is then cut off it.
Result<Block> take_block(std::string_view& pem) {
    const auto begin = boundary(pem, kBegin);
    if (!begin) {
        return malformed("a BEGIN line without its end");
    }
    const std::string label = printable(begin->label, 60);
    pem.remove_prefix(begin->size);
    const std::size_t length = pem.find(kEnd);
    const auto end =
        length == std::string_view::npos ? std::nullopt : boundary(pem.substr(length), kEnd);
    if (!end || end->label != begin->label) {
        return malformed("the block '" + label + "' is cut short");
    }
    const std::string_view body = pem.substr(0, length);
    pem.remove_prefix(length + end->size);
    if (body.size() > kLongestBlock) {
        return malformed("the block '" + label + "' is larger than 64 KiB");
    }
    if (label.starts_with("ENCRYPTED") || body.contains("ENCRYPTED")) {
        return fail(Failure::rejected, "the block '" + label + "' is encrypted");
    }
    auto der = decoded(body);
    if (!der) {
        return malformed("the block '" + label + "' is not base64");
    }
    return Block{.label = std::string(begin->label), .der = std::move(*der)};
}

template <class Text>
Text written(std::string_view label, std::string_view der) {
    Text text;
    text.reserve(der.size() * 4 / 3 + der.size() / 48 + 2 * label.size() + 48);
    text.append(kBegin);
    text.append(label);
    text.append("-----\n");
    for (std::size_t at = 0; at < der.size(); at += kColumns / 4 * 3) {
        std::array<char, kColumns + 1> line{};
        std::size_t size = 0;
        const std::string_view part = der.substr(at, kColumns / 4 * 3);
        for (std::size_t i = 0; i < part.size(); i += 3) {
            const std::string_view three = part.substr(i, 3);
            std::uint32_t group = 0;
            for (std::size_t j = 0; j < 3; ++j) {
                group =
                    group << 8U | (j < three.size() ? static_cast<unsigned char>(three[j]) : 0U);
            }
            for (std::size_t j = 0; j < 4; ++j) {
                line.at(size++) =
                    j > three.size() ? '=' : kAlphabet[group >> (18U - 6U * j) & 0x3FU];
            }
        }
        line.at(size++) = '\n';
        text.append(std::string_view(line.data(), size));
        wipe_memory(line.data(), line.size());
    }
    text.append(kEnd);
    text.append(label);
    text.append("-----\n");
    return text;
}

}  // namespace

Result<std::vector<Block>> blocks(std::string_view pem, Around allowed) {
    if (pem.contains('\0')) {
        return malformed("a NUL byte");
    }
    std::vector<Block> found;
    bool is_alone = true;
    while (true) {
        const std::size_t begin = find_begin(pem);
        is_alone = is_alone && trim(pem.substr(0, begin)).empty();
        pem.remove_prefix(begin);
        if (pem.empty()) {
            break;
        }
        auto block = take_block(pem);
        if (!block) {
            return std::unexpected(std::move(block.error()));
        }
        found.push_back(std::move(*block));
    }
    if (!found.empty() && !is_alone && allowed == Around::white_space) {
        return malformed("something lies beside the block '" + printable(found[0].label, 60) + "'");
    }
    return found;
}

Secret to_secret_pem(std::string_view label, std::string_view der) {
    return written<Secret>(label, der);
}

std::string to_pem(std::string_view label, std::string_view der) {
    return written<std::string>(label, der);
}

}  // namespace install_cert::x509::pem
