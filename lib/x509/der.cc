// SPDX-License-Identifier: Apache-2.0
#include "x509/der.h"

#include <numeric>
#include <utility>

namespace install_cert::x509::der {
namespace {

// Tag and length (X.690, 8.1.3, the shortest form) of an element with `size` bytes of content.
std::string head(Tag tag, std::size_t size) {
    std::string bytes;
    for (std::size_t rest = size; size > 0x7F && rest != 0; rest >>= 8U) {
        bytes.insert(bytes.begin(), static_cast<char>(rest & 0xFFU));
    }
    const std::size_t first = bytes.empty() ? size : 0x80U | bytes.size();
    bytes.insert(bytes.begin(), static_cast<char>(first));
    bytes.insert(bytes.begin(), static_cast<char>(std::to_underlying(tag)));
    return bytes;
}

std::size_t total(std::initializer_list<std::string_view> contents) {
    return std::accumulate(
        contents.begin(), contents.end(), std::size_t{0}, [](std::size_t sum, auto part) {
            return sum + part.size();
        });
}

template <class Bytes>
Bytes written(Tag tag, std::initializer_list<std::string_view> contents) {
    const std::size_t size = total(contents);
    const std::string front = head(tag, size);
    Bytes bytes;
    bytes.reserve(front.size() + size);
    bytes.append(front);
    for (const std::string_view part : contents) {
        bytes.append(part);
    }
    return bytes;
}

}  // namespace

std::string element(Tag tag, std::initializer_list<std::string_view> contents) {
    return written<std::string>(tag, contents);
}

Secret secret_element(Tag tag, std::initializer_list<std::string_view> contents) {
    return written<Secret>(tag, contents);
}

std::optional<std::string_view> Reader::next(Tag tag) {
    const auto at = [this](std::size_t i) -> std::size_t {
        return static_cast<unsigned char>(rest_[i]);
    };
    if (rest_.size() < 2 || at(0) != std::to_underlying(tag)) {
        return std::nullopt;
    }
    std::size_t begin = 2;
    std::size_t size = at(1);
    if (size > 0x7F) {
        const std::size_t digits = size & 0x7FU;
        if (digits == 0 || digits > 3 || rest_.size() < 2 + digits) {
            return std::nullopt;
        }
        size = 0;
        for (; begin < 2 + digits; ++begin) {
            size = size << 8U | at(begin);
        }
        const bool is_shortest = size > 0x7F && size >> 8U * (digits - 1) != 0;
        if (!is_shortest) {
            return std::nullopt;
        }
    }
    if (size > rest_.size() - begin) {
        return std::nullopt;
    }
    const std::string_view content = rest_.substr(begin, size);
    rest_.remove_prefix(begin + size);
    return content;
}

}  // namespace install_cert::x509::der
