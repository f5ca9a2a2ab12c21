// SPDX-License-Identifier: Apache-2.0
// What the readers of the different kinds of private key share.
#pragma once

#include <optional>
#include <string_view>

#include <openssl/params.h>

#include "foundation/result.h"
#include "foundation/secret.h"
#include "x509/der.h"
#include "x509/openssl_handles.h"

namespace install_cert::x509 {

[[nodiscard]] std::unexpected<Error> malformed_key();
[[nodiscard]] std::unexpected<Error> contradictory_key();
[[nodiscard]] std::unexpected<Error> unknown_key();

[[nodiscard]] const unsigned char* octets(std::string_view bytes);

// The content of an element whose only content is another one.
[[nodiscard]] std::optional<std::string_view> within(std::string_view content, der::Tag tag);
// The bytes of a BIT STRING that has whole ones.
[[nodiscard]] std::optional<std::string_view> whole_bytes(
    std::optional<std::string_view> bit_string);

// A number in the form that OSSL_PARAM wants: native byte order, fixed size.
[[nodiscard]] Secret native_bytes(const BIGNUM& value, std::size_t size);
[[nodiscard]] OSSL_PARAM number_parameter(const char* name, Secret& bytes);
// nullptr where OpenSSL does not take them.
[[nodiscard]] KeyHandle assemble(const char* type, OSSL_PARAM* parameters);

}  // namespace install_cert::x509
