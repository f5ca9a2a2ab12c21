// SPDX-License-Identifier: Apache-2.0
// Header fields as servers, proxies and attackers write them.
#include "vault/http_fields.h"

#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace install_cert::vault {
namespace {

using std::chrono::seconds;

// 1994-11-06T08:49:37Z
constexpr WallTime kThen{seconds{784'111'777}};

}  // namespace

TEST_CASE("Retry-After is honoured within bounds and junk is ignored", "[vault][fault-24]") {
    struct Row {
        std::string prose;
        std::string text;
        std::optional<seconds> wait;
    };

    const std::vector<Row> rows{
        {"seconds", "9", seconds{9}},
        {"white space around", " 30\t", seconds{30}},
        {"leading zeroes", "007", seconds{7}},
        {"zero would make the client spin", "0", seconds{1}},
        {"just within", "300", seconds{300}},
        {"ten years", "315360000", seconds{300}},
        {"more digits than any number", "99999999999999999999999999", seconds{300}},
        {"a date ahead", "Sun, 06 Nov 1994 08:50:07 GMT", seconds{30}},
        {"a date that is over", "Sun, 06 Nov 1994 08:00:00 GMT", seconds{1}},
        {"a date ten years ahead", "Sat, 06 Nov 2004 08:49:37 GMT", seconds{300}},
        {"negative", "-5", std::nullopt},
        {"with a sign", "+5", std::nullopt},
        {"a fraction", "1.5", std::nullopt},
        {"an exponent", "1e3", std::nullopt},
        {"hexadecimal", "0x10", std::nullopt},
        {"a unit", "5s", std::nullopt},
        {"words", "soon", std::nullopt},
        {"two values", "5, 6", std::nullopt},
        {"nothing", "", std::nullopt},
        {"a date of another shape", "1994-11-06T08:49:37Z", std::nullopt},
    };
    for (const Row& row : rows) {
        INFO(row.prose << ": '" << row.text << "'");
        CHECK(parse_retry_after(row.text, kThen) == row.wait);
    }
}

TEST_CASE("only the date that senders may generate is read", "[vault]") {
    CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == kThen);
    CHECK(parse_http_date("Thu, 29 Feb 2024 23:59:60 GMT").has_value());
    const std::vector<std::string> bad{
        "",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Non 1994 08:49:37 GMT",
        "Sun, 06 ovD 1994 08:49:37 GMT",
        "Xyz, 06 Nov 1994 08:49:37 GMT",
        "Thu, 29 Feb 2023 00:00:00 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov -994 08:49:37 GMT",
    };
    for (const std::string& text : bad) {
        CAPTURE(text);
        CHECK_FALSE(parse_http_date(text));
    }
}

TEST_CASE("a redirect is followed only to where the address points already", "[vault]") {
    struct Row {
        std::string prose;
        std::string address;
        std::string location;
        std::optional<std::string> path;
    };

    const std::string vault = "https://vault.internal:8200";
    const std::vector<Row> rows{
        {"the same origin", vault, "https://vault.internal:8200/v1/a?b=c", "/v1/a?b=c"},
        {"in capitals", vault, "HTTPS://Vault.Internal:8200/v1/A", "/v1/A"},
        {"a path alone", vault, "/v1/a", "/v1/a"},
        {"with a fragment", vault, "/v1/a#top", "/v1/a"},
        {"no path at all", vault, "https://vault.internal:8200", "/"},
        {"the default port spelt out", "https://vault", "https://vault:443/v1/a", "/v1/a"},
        {"the default port left out", "https://vault:443", "https://vault/v1/a", "/v1/a"},
        {"an IPv6 address", "https://[::1]:8200", "https://[::1]:8200/v1/a", "/v1/a"},
        {"another host", vault, "https://other.internal:8200/v1/a", std::nullopt},
        {"a longer host", vault, "https://vault.internal:8200.evil.com/v1/a", std::nullopt},
        {"another port", vault, "https://vault.internal:8201/v1/a", std::nullopt},
        {"no TLS any more", vault, "http://vault.internal:8200/v1/a", std::nullopt},
        {"another scheme", vault, "file:///etc/passwd", std::nullopt},
        {"the scheme of this page", vault, "//evil.com/v1/a", std::nullopt},
        {"backslashes", vault, "\\\\evil.com\\a", std::nullopt},
        {"a slash and a backslash", vault, "/\\evil.com/a", std::nullopt},
        {"user information", vault, "https://u@vault.internal:8200/v1/a", std::nullopt},
        {"the host as user", vault, "https://vault.internal:8200@evil.com/", std::nullopt},
        {"a relative path", vault, "v1/a", std::nullopt},
        {"a query for a host", vault, "https://vault.internal:8200?@evil.com/", std::nullopt},
        {"a line end", vault, "/v1/a\r\nX-Evil: 1", std::nullopt},
        {"a blank", vault, "/v1/a b", std::nullopt},
        {"nothing", vault, "", std::nullopt},
    };
    for (const Row& row : rows) {
        INFO(row.prose);
        CHECK(path_at(row.address, row.location) == row.path);
    }
}

TEST_CASE("an address is scheme, host and port and nothing else", "[vault]") {
    CHECK(parse_origin("https://Vault.Internal") == Origin{"https", "vault.internal", "443"});
    CHECK(parse_origin("http://127.0.0.1:8200/") == Origin{"http", "127.0.0.1", "8200"});
    CHECK(parse_origin("https://[2001:DB8::1]") == Origin{"https", "[2001:db8::1]", "443"});
    const std::vector<std::string> bad{"",
                                       "vault.internal",
                                       "ftp://vault",
                                       "https://",
                                       "https://:8200",
                                       "https://vault:",
                                       "https://vault:0",
                                       "https://vault:65536",
                                       "https://vault:82a",
                                       "https://u:p@vault",
                                       "https://vault/v1",
                                       "https://vault?x",
                                       "https://[::1",
                                       "https://[::1]x:8200",
                                       "https://va ult"};
    for (const std::string& address : bad) {
        CAPTURE(address);
        CHECK_FALSE(parse_origin(address));
    }
}

TEST_CASE("each segment of a path is percent-encoded by itself", "[vault]") {
    struct Row {
        std::string mount;
        std::string role;
        std::string path;
    };

    const std::vector<Row> rows{
        {"pki", "web", "/v1/pki/issue/web"},
        {"etcd/kluster/pki", "member", "/v1/etcd/kluster/pki/issue/member"},
        {"/pki/", "web", "/v1/pki/issue/web"},
        {"a//b", "web", "/v1/a/b/issue/web"},
        {"p k i", "w?b", "/v1/p%20k%20i/issue/w%3Fb"},
        {"pki#1", "100%", "/v1/pki%231/issue/100%25"},
        {"z\xc3\xbcrich", "a\r\nb", "/v1/z%C3%BCrich/issue/a%0D%0Ab"},
        {"a-b_c.d~e", "A+B", "/v1/a-b_c.d~e/issue/A%2BB"},
    };
    for (const Row& row : rows) {
        CHECK(api_path({row.mount, "issue", row.role}) == row.path);
    }
    CHECK(plain_path({"/kluster/pki/", "issue", "web"}) == "kluster/pki/issue/web");
}

}  // namespace install_cert::vault
