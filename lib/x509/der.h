// SPDX-License-Identifier: Apache-2.0
// DER (X.690), as much of it as keys and requests need: written and read by hand, since the
// encoders and decoders of OpenSSL 3.0 take ten times as long as making the key.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/secret.h"

namespace install_cert::x509::der {

enum class Tag : std::uint8_t {
    integer = 0x02,
    bit_string = 0x03,
    octet_string = 0x04,
    null = 0x05,
    object_id = 0x06,
    utf8_string = 0x0C,
    sequence = 0x30,
    set = 0x31,
};

// [n], constructed (explicit, or an implicit one of a constructed type) or primitive.
[[nodiscard]] constexpr Tag context(unsigned number) {
    return Tag(0xA0U | number);
}

[[nodiscard]] constexpr Tag context_primitive(unsigned number) {
    return Tag(0x80U | number);
}

// An element around the contents, one after the other.
[[nodiscard]] std::string element(Tag tag, std::initializer_list<std::string_view> contents);
// The same for what must not linger.
[[nodiscard]] Secret secret_element(Tag tag, std::initializer_list<std::string_view> contents);

// Reads element after element. Definite, minimal lengths only; views into the bytes given.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    // The content of the next element, which must have this tag; otherwise nullopt, and nothing is
    // read.
    [[nodiscard]] std::optional<std::string_view> next(Tag tag);

    [[nodiscard]] bool at_end() const { return rest_.empty(); }

  private:
    std::string_view rest_;
};

}  // namespace install_cert::x509::der
