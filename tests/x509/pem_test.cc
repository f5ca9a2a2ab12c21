// SPDX-License-Identifier: Apache-2.0
#include "x509/pem.h"

#include <string>

#include <catch2/catch.hpp>

using namespace install_cert;
using namespace install_cert::x509;

TEST_CASE("PEM holds any bytes in lines of 64", "[x509][pem]") {
    const std::size_t size = GENERATE(0U, 1U, 2U, 3U, 47U, 48U, 49U, 96U, 1000U);
    CAPTURE(size);
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) {
        bytes += static_cast<char>(i * 151 + 7);
    }
    const std::string text = pem::to_pem("X", bytes);
    CHECK((pem::to_secret_pem("X", bytes).reveal() == text));
    const auto blocks = pem::blocks(text, pem::Around::white_space);
    REQUIRE(blocks);
    REQUIRE(blocks->size() == 1);
    CHECK(blocks->front().label == "X");
    CHECK((blocks->front().der.reveal() == bytes));
}

TEST_CASE("PEM is written as RFC 7468 has it", "[x509][pem]") {
    CHECK(pem::to_pem("A B", "") == "-----BEGIN A B-----\n-----END A B-----\n");
    CHECK(pem::to_pem("X", std::string(49, '\0')) ==
          "-----BEGIN X-----\n" + std::string(64, 'A') + "\nAA==\n-----END X-----\n");
}

TEST_CASE("text around blocks is fine where it is allowed", "[x509][pem]") {
    const std::string block = pem::to_pem("X", "bytes");
    const auto blocks = pem::blocks("# first\n" + block + "\n# -----BEGIN Y-----\n" + block + "end",
                                    pem::Around::any_text);
    REQUIRE(blocks);
    CHECK(blocks->size() == 2);
    const auto strict = pem::blocks("# first\n" + block, pem::Around::white_space);
    REQUIRE_FALSE(strict);
    CHECK_THAT(strict.error().what, Catch::Contains("beside the block 'X'"));
}

TEST_CASE("a broken block is never passed over", "[x509][pem][fault-52]") {
    const std::string good = pem::to_pem("X", "bytes");
    const auto [what, text] = GENERATE_COPY(table<std::string, std::string>({
        {"no end", good + "-----BEGIN X-----\nAAAA\n"},
        {"the end of another", "-----BEGIN X-----\nAAAA\n-----END Y-----\n" + good},
        {"a block within", "-----BEGIN X-----\nAAAA\n" + good},
        {"label over two lines", "-----BEGIN X\n-----\nAAAA\n-----END X-----\n"},
        {"stray bits", "-----BEGIN X-----\nAB==\n-----END X-----\n"},
        {"one letter", "-----BEGIN X-----\nA\n-----END X-----\n"},
        {"one letter and padding", "-----BEGIN X-----\nA===\n-----END X-----\n"},
        {"only padding", "-----BEGIN X-----\n====\n-----END X-----\n"},
        {"padding first", "-----BEGIN X-----\n=AAA\n-----END X-----\n"},
        {"more after the padding", "-----BEGIN X-----\nAA==AAAA\n-----END X-----\n"},
        {"URL alphabet", "-----BEGIN X-----\nAA-_\n-----END X-----\n"},
        {"a header", "-----BEGIN X-----\nComment: hello\n\nAAAA\n-----END X-----\n"},
        {"a byte over 127", "-----BEGIN X-----\nAAA\xFF\n-----END X-----\n"},
        {"over 64 KiB", pem::to_pem("X", std::string(50000, 'x'))},
    }));
    CAPTURE(what);
    const auto blocks = pem::blocks(text, pem::Around::any_text);
    REQUIRE_FALSE(blocks);
    CHECK(blocks.error().kind == Failure::rejected);
}
