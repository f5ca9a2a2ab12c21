// SPDX-License-Identifier: Apache-2.0
#include "x509/key_parts.h"

#include "x509/openssl_failure.h"

namespace install_cert::x509 {

std::unexpected<Error> malformed_key() {
    return openssl_failure(Failure::rejected, "the private key is malformed");
}

std::unexpected<Error> contradictory_key() {
    return openssl_failure(Failure::rejected, "the parts of the private key contradict each other");
}

std::unexpected<Error> unknown_key() {
    return openssl_failure(Failure::rejected, "the private key is of a kind we do not know");
}

const unsigned char* octets(std::string_view bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::optional<std::string_view> within(std::string_view content, der::Tag tag) {
    der::Reader reader(content);
    const auto inner = reader.next(tag);
    return reader.at_end() ? inner : std::nullopt;
}

std::optional<std::string_view> whole_bytes(std::optional<std::string_view> bit_string) {
    if (!bit_string || !bit_string->starts_with('\0')) {
        return std::nullopt;
    }
    return bit_string->substr(1);
}

Secret native_bytes(const BIGNUM& value, std::size_t size) {
    Secret bytes;
    bytes.resize(size);
    (void)BN_bn2nativepad(
        &value, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size));
    return bytes;
}

OSSL_PARAM number_parameter(const char* name, Secret& bytes) {
    return OSSL_PARAM_construct_BN(
        name, reinterpret_cast<unsigned char*>(bytes.data()), bytes.size());
}

KeyHandle assemble(const char* type, OSSL_PARAM* parameters) {
    const KeyContextHandle context{EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr)};
    EVP_PKEY* key = nullptr;
    if (context && EVP_PKEY_fromdata_init(context.get()) == 1) {
        (void)EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters);
    }
    return KeyHandle{key};
}

}  // namespace install_cert::x509
