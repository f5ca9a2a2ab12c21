// SPDX-License-Identifier: Apache-2.0
#include "x509/digest.h"

#include <array>

#include <catch2/catch.hpp>

using namespace install_cert::x509;

TEST_CASE("a digest is SHA-256 in lower-case hex", "[x509]") {
    // FIPS 180-4, the examples.
    CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("every byte becomes two digits", "[x509]") {
    const std::array<unsigned char, 4> bytes{0x00, 0x0F, 0xA0, 0xFF};
    CHECK(to_hex(bytes) == "000fa0ff");
}
