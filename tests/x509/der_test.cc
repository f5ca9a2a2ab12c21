// SPDX-License-Identifier: Apache-2.0
#include "x509/der.h"

#include <string>

#include <catch2/catch.hpp>

using namespace install_cert::x509::der;
using namespace std::string_literals;
using namespace std::string_view_literals;

TEST_CASE("an element has the shortest length, and is read back", "[x509][der]") {
    const auto [size, head] = GENERATE(table<std::size_t, std::string>({
        {0, "\x04\x00"s},
        {1, "\x04\x01"s},
        {127, "\x04\x7F"s},
        {128, "\x04\x81\x80"s},
        {255, "\x04\x81\xFF"s},
        {256, "\x04\x82\x01\x00"s},
        {65535, "\x04\x82\xFF\xFF"s},
        {65536, "\x04\x83\x01\x00\x00"s},
    }));
    CAPTURE(size);
    const std::string content(size, 'x');
    const std::string written = element(Tag::octet_string, {content});
    CHECK((written == head + content));
    CHECK((secret_element(Tag::octet_string, {content}).reveal() == written));
    Reader reader(written);
    CHECK((reader.next(Tag::octet_string) == content));
    CHECK(reader.at_end());
}

TEST_CASE("the parts of an element follow each other", "[x509][der]") {
    CHECK(element(Tag::sequence, {"ab", "", "c"}) ==
          "\x30\x03"
          "abc");
    CHECK(element(context(1), {"a"}) ==
          "\xA1\x01"
          "a");
    CHECK(element(context_primitive(2), {"a"}) ==
          "\x82\x01"
          "a");
}

TEST_CASE("a reader takes nothing that is no DER element of that tag", "[x509][der]") {
    const auto [what, bytes] = GENERATE(table<std::string, std::string>({
        {"nothing", ""s},
        {"a tag alone", "\x04"s},
        {"another tag", "\x05\x00"s},
        {"content missing",
         "\x04\x02"
         "a"s},
        {"indefinite length",
         "\x04\x80"
         "a\0\0"s},
        {"long form of a short length",
         "\x04\x81\x01"
         "a"s},
        {"length with a leading zero", "\x04\x82\x00\x80"s + std::string(128, 'a')},
        {"length cut off", "\x04\x82\x01"s},
        {"length beyond all reason",
         "\x04\x84\x00\x00\x00\x01"
         "a"s},
        {"length of 127 bytes", "\x04\xFF"s + std::string(200, 'a')},
    }));
    CAPTURE(what);
    Reader reader(bytes);
    CHECK_FALSE(reader.next(Tag::octet_string));
    CHECK(reader.at_end() == bytes.empty());
}

TEST_CASE("an optional element that is absent leaves the next one", "[x509][der]") {
    Reader reader(
        "\x04\x01"
        "a\x02\x01"
        "b"sv);
    CHECK_FALSE(reader.next(Tag::integer));
    CHECK((reader.next(Tag::octet_string) == "a"sv));
    CHECK_FALSE(reader.at_end());
    CHECK((reader.next(Tag::integer) == "b"sv));
    CHECK(reader.at_end());
}
