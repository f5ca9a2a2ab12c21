// SPDX-License-Identifier: Apache-2.0
// JSON from nobody we trust.
#include "vault/json.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace install_cert::vault {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
    std::string all;
    all.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i) {
        all += text;
    }
    return all;
}

}  // namespace

TEST_CASE("malformed JSON is rejected and never crashes", "[vault][fault-37][fault-38][fault-S8]") {
    using namespace std::string_literals;

    struct Row {
        std::string prose;
        std::string text;
        std::string why;
    };

    const std::vector<Row> rows{
        {"nothing", "", "empty"},
        {"cut", R"({"data": {"certificate": "abc)", "not JSON"},
        {"junk behind", R"({"a":1} x)", "not JSON"},
        {"two values", R"({"a":1}{"b":2})", "not JSON"},
        {"a list", "[1,2]", "no JSON object"},
        {"a text", R"("abc")", "no JSON object"},
        {"a number", "7", "no JSON object"},
        {"NaN", R"({"a":NaN})", "not JSON"},
        {"infinity", R"({"a":-Infinity})", "not JSON"},
        {"a number too large", R"({"a":1e9999})", "not JSON"},
        {"a comment", R"({/* */"a":1})", "not JSON"},
        {"a trailing comma", R"({"a":1,})", "not JSON"},
        {"single quotes", R"({'a':1})", "not JSON"},
        {"a control byte in a text", "{\"a\":\"\x01\"}", "not JSON"},
        {"a raw NUL", "{\"a\":1}\0{}"s, "NUL"},
        {"a NUL in a text", "{\"a\":\"b\0c\"}"s, "NUL"},
        {"an escaped NUL", R"({"a":"b\u0000c"})", "NUL"},
        {"an escaped NUL in a key", R"({"a\u0000":"b"})", "NUL"},
        {"half a surrogate pair", R"({"a":"\ud800"})", "not JSON"},
        {"UTF-8 cut in the middle", "{\"a\":\"\xc3\"}", "not JSON"},
        {"overlong UTF-8", "{\"a\":\"\xc0\xaf\"}", "not JSON"},
        {"a byte order mark", "\xef\xbb\xbf{}", "not JSON"},
        {"UTF-16", "\xff\xfe{\0}\0"s, "NUL"},
        {"a key twice", R"({"a":1,"b":2,"a":3})", "\"a\" is there twice"},
        {"a key twice, one of them escaped", R"({"a":1,"\u0061":3})", "twice"},
        {"a key twice deep inside", R"({"x":[{"y":{"a":1,"a":2}}]})", "twice"},
        {"33 deep", repeated(R"({"a":)", 33) + "1" + repeated("}", 33), "too deeply"},
        {"a million lists", R"({"a":)" + repeated("[", 1'000'000), "too deeply"},
        {"a million objects", repeated(R"({"a":)", 1'000'000), "too deeply"},
        {"HTML", "<html>", "not JSON"},
    };
    for (const Row& row : rows) {
        INFO(row.prose);
        const auto json = Json::parse(Secret(row.text));
        REQUIRE_FALSE(json);
        CHECK(json.error().kind == Failure::rejected);
        CHECK_THAT(json.error().what, Catch::Contains(row.why));
    }
}

TEST_CASE("a megabyte of distinct keys is checked in reasonable time", "[vault]") {
    std::string text = "{\"k\":0";
    for (int i = 0; text.size() < 1'000'000; ++i) {
        text += ",\"" + std::to_string(i) + "\":0";
    }
    const auto json = Json::parse(Secret(text + "}"));
    REQUIRE(json);
    CHECK(json->root().keys().size() > 80'000);
    CHECK_FALSE(Json::parse(Secret(text + ",\"k\":1}")));
}

TEST_CASE("what is there is read by its type", "[vault]") {
    const auto json = Json::parse(Secret(R"({"text":"a\nb","number":7,"flag":true,"null":null,
        "texts":["x","y"],"object":{"inner":"z"},"hours":"720h","seconds":60,"empty":""})"));
    REQUIRE(json);
    const JsonObject root = json->root();
    CHECK(root.text("text") == "a\nb");
    CHECK(root.number("number") == 7);
    CHECK(root.flag("flag") == true);
    CHECK(root.texts("texts") == std::vector<std::string_view>{"x", "y"});
    CHECK(root.object("object").text("inner") == "z");
    CHECK(root.duration("hours") == std::chrono::hours{720});
    CHECK(root.duration("seconds") == std::chrono::seconds{60});
    CHECK(root.text("empty") == "");
    CHECK(json->sound());
}

TEST_CASE("absent and null read alike, and are no fault", "[vault]") {
    const auto json = Json::parse(Secret(R"({"null":null})"));
    REQUIRE(json);
    for (const std::string_view key : {"null", "absent"}) {
        const JsonObject root = json->root();
        CHECK_FALSE(root.has(key));
        CHECK_FALSE(root.text(key));
        CHECK_FALSE(root.number(key));
        CHECK_FALSE(root.flag(key));
        CHECK_FALSE(root.duration(key));
        CHECK(root.texts(key).empty());
        CHECK_FALSE(root.object(key).object(key).text(key));
        CHECK(root.object(key).keys().empty());
    }
    CHECK(json->sound());
}

TEST_CASE("a field of the wrong type is named, and is no crash", "[vault][fault-39]") {
    struct Row {
        std::string value;
        std::string as;
        std::string why;
    };

    const std::vector<Row> rows{
        {"7", "text", "data.x is a number, not a text"},
        {"[]", "text", "data.x is a list, not a text"},
        {"{}", "text", "data.x is an object, not a text"},
        {"false", "text", "data.x is a boolean, not a text"},
        {"\"7\"", "number", "data.x is a text, not a whole number"},
        {"1.5", "number", "data.x is a number, not a whole number"},
        {"18446744073709551615", "number", "data.x is a number, not a whole number"},
        {"\"true\"", "flag", "data.x is a text, not a boolean"},
        {"\"a\"", "texts", "data.x is a text, not a list of texts"},
        {"[\"a\",1]", "texts", "data.x is a list, not a list of texts only"},
        {"[[\"a\"]]", "texts", "data.x is a list, not a list of texts only"},
        {"\"a\"", "object", "data.x is a text, not an object"},
        {"\"7 moons\"", "duration", "data.x is a text, not a duration"},
        {"[]", "duration", "data.x is a list, not a duration"},
    };
    for (const Row& row : rows) {
        INFO(row.value << " as " << row.as);
        const auto json = Json::parse(Secret(R"({"data":{"x":)" + row.value + "}}"));
        REQUIRE(json);
        const JsonObject data = json->root().object("data");
        CHECK_FALSE(data.text("y"));
        if (row.as == "text") {
            CHECK_FALSE(data.text("x"));
        } else if (row.as == "number") {
            CHECK_FALSE(data.number("x"));
        } else if (row.as == "flag") {
            CHECK_FALSE(data.flag("x"));
        } else if (row.as == "texts") {
            CHECK(data.texts("x").empty());
        } else if (row.as == "object") {
            CHECK_FALSE(data.object("x").text("z"));
        } else {
            CHECK_FALSE(data.duration("x"));
        }
        REQUIRE_FALSE(json->sound());
        CHECK(json->sound().error().what == "the answer's " + row.why);
    }
}

TEST_CASE("durations are never negative and never overflow", "[vault]") {
    const auto json = Json::parse(Secret(R"({"negative":-5,"huge":9223372036854775807})"));
    REQUIRE(json);
    CHECK(json->root().duration("negative") == std::chrono::seconds{0});
    CHECK(json->root().duration("huge") < std::chrono::hours{24 * 366 * 101});
}

}  // namespace install_cert::vault
