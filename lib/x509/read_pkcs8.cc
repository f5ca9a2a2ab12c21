// SPDX-License-Identifier: Apache-2.0
// PKCS#8 (RFC 5958), and the Ed25519 key that only it can hold (RFC 8410).
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "x509/key_encoding.h"
#include "x509/key_kinds.h"
#include "x509/key_parts.h"

namespace install_cert::x509 {
namespace {

using der::Reader;
using der::Tag;

Result<DecodedKey> read_ed25519(std::string_view der, std::optional<std::string_view> stated) {
    const auto seed = within(der, Tag::octet_string);
    if (!seed || seed->size() != kEd25519Bytes) {
        return malformed_key();
    }
    KeyHandle key{
        EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, octets(*seed), seed->size())};
    std::array<unsigned char, kEd25519Bytes> derived{};
    std::size_t size = derived.size();
    if (!key || EVP_PKEY_get_raw_public_key(key.get(), derived.data(), &size) != 1) {
        return malformed_key();
    }
    if (stated &&
        !std::ranges::equal(
            *stated, std::string_view(reinterpret_cast<const char*>(derived.data()), size))) {
        return contradictory_key();
    }
    return DecodedKey{.key = std::move(key), .kind = {.type = KeyType::ed25519, .bits = 0}};
}

}  // namespace

Result<DecodedKey> read_pkcs8(std::string_view der) {
    const auto content = within(der, Tag::sequence);
    Reader reader(content.value_or(""));
    const auto version = reader.next(Tag::integer);
    const auto algorithm = reader.next(Tag::sequence);
    const auto key = reader.next(Tag::octet_string);
    (void)reader.next(der::context(0));  // attributes, of no use here
    const auto stated = reader.next(der::context_primitive(1));
    const bool is_whole = version && (*version == "\0"sv || *version == "\x01"sv) && algorithm &&
                          key && reader.at_end();
    if (!is_whole) {
        return malformed_key();
    }
    if (algorithm->starts_with(kRsaEncryption)) {
        return read_rsa_key(*key);
    }
    if (algorithm->starts_with(kEcPublicKey)) {
        return read_ec_key(*key, algorithm->substr(kEcPublicKey.size()));
    }
    if (*algorithm == kEd25519) {
        return read_ed25519(*key, stated ? whole_bytes(stated) : std::nullopt);
    }
    return unknown_key();
}

}  // namespace install_cert::x509
