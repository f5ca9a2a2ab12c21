// SPDX-License-Identifier: Apache-2.0
#include "x509/names.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace install_cert;
using namespace install_cert::x509;

using List = std::vector<std::string>;

namespace {

const std::string kLabel63(63, 'a');
const std::string kName253 =
    kLabel63 + "." + kLabel63 + "." + kLabel63 + "." + std::string(61, 'b');

}  // namespace

TEST_CASE("names that ask for the same are equal in normal form", "[x509][names]") {
    const auto a = normalized({.common_name = "Node",
                               .dns = {"B.example.", "a.example", "b.EXAMPLE", "*.Cluster.local"},
                               .ip = {"::1", "10.0.0.7", "2001:DB8:0:0::7", "::ffff:10.0.0.7"},
                               .uri = {"SPIFFE://kluster/Node"},
                               .email = {"ops@example.com", "ops@example.com"}});
    REQUIRE(a);
    CHECK(a->common_name == "Node");
    CHECK(a->dns == List{"*.cluster.local", "a.example", "b.example"});
    CHECK(a->ip == List{"10.0.0.7", "2001:db8::7", "::1"});
    CHECK(a->uri == List{"spiffe://kluster/Node"});
    CHECK(a->email == List{"ops@example.com"});
    CHECK(normalized(*a) == *a);
}

TEST_CASE("good DNS names are taken", "[x509][names]") {
    const std::string name = GENERATE(as<std::string>{},
                                      "localhost",
                                      "kubernetes.default.svc.cluster.local",
                                      "kube-10-0-0-7.cluster.local",
                                      "*.cluster.local",
                                      "*.local",
                                      "xn--bcher-kva.example",
                                      "3com.example",
                                      "1.2.3.4.5",
                                      kLabel63 + ".example",
                                      kName253,
                                      kName253 + ".");
    CAPTURE(name);
    CHECK(normalized({.dns = {name}}));
}

TEST_CASE("bad names are refused and named", "[x509][names]") {
    const auto [what,
                names,
                named,
                why] = GENERATE(table<std::string, Names, std::string, std::string>({
        {"empty DNS name", {.dns = {""}}, "''", "is not a DNS name"},
        {"only the root", {.dns = {"."}}, "'.'", "is not a DNS name"},
        {"empty label", {.dns = {"a..b"}}, "'a..b'", "is not a DNS name"},
        {"two dots at the end", {.dns = {"a.."}}, "'a..'", "is not a DNS name"},
        {"leading dot", {.dns = {".a"}}, "'.a'", "is not a DNS name"},
        {"leading hyphen", {.dns = {"-a.example"}}, "'-a.example'", "is not a DNS name"},
        {"trailing hyphen", {.dns = {"a-.example"}}, "'a-.example'", "is not a DNS name"},
        {"underscore", {.dns = {"a_b.example"}}, "'a_b.example'", "is not a DNS name"},
        {"blank", {.dns = {"a b"}}, "'a b'", "is not a DNS name"},
        {"two names in one", {.dns = {"a,b"}}, "'a,b'", "is not a DNS name"},
        {"a lone star", {.dns = {"*"}}, "'*'", "is not a DNS name"},
        {"a star and a dot", {.dns = {"*."}}, "'*.'", "is not a DNS name"},
        {"two stars", {.dns = {"*.*.a"}}, "'*.*.a'", "is not a DNS name"},
        {"a star within", {.dns = {"a.*.b"}}, "'a.*.b'", "is not a DNS name"},
        {"part of a label is a star", {.dns = {"a*.b"}}, "'a*.b'", "is not a DNS name"},
        {"long label", {.dns = {kLabel63 + "a"}}, "aaa", "is not a DNS name"},
        {"long name", {.dns = {kName253 + "b"}}, "aaa", "is longer than 253 bytes"},
        {"umlaut", {.dns = {"b\xC3\xBC"}}, "'b\xC3\xBC'", "outside printable ASCII"},
        {"NUL", {.dns = {std::string("a\0b", 3)}}, "'a\\x00b'", "outside printable ASCII"},
        {"IPv4 as DNS name", {.dns = {"10.0.0.7"}}, "'10.0.0.7'", "is an address"},
        {"IPv6 as DNS name", {.dns = {"fe80::1"}}, "'fe80::1'", "is an address"},
        {"name as address", {.ip = {"localhost"}}, "'localhost'", "is not an IP address"},
        {"empty address", {.ip = {""}}, "''", "is not an IP address"},
        {"prefix", {.ip = {"10.0.0.0/8"}}, "'10.0.0.0/8'", "is not an IP address"},
        {"octal", {.ip = {"010.0.0.1"}}, "'010.0.0.1'", "is not an IP address"},
        {"three parts", {.ip = {"10.0.1"}}, "'10.0.1'", "is not an IP address"},
        {"scope", {.ip = {"fe80::1%eth0"}}, "'fe80::1%eth0'", "is not an IP address"},
        {"address and NUL", {.ip = {std::string("::1\0", 4)}}, "::1", "outside printable ASCII"},
        {"no scheme", {.uri = {"//host/path"}}, "'//host/path'", "is not a URI"},
        {"scheme alone", {.uri = {"spiffe:"}}, "'spiffe:'", "is not a URI"},
        {"scheme of digits", {.uri = {"1a:b"}}, "'1a:b'", "is not a URI"},
        {"scheme with blank", {.uri = {"a b:c"}}, "'a b:c'", "is not a URI"},
        {"URI with blank", {.uri = {"a:b c"}}, "'a:b c'", "it has a space"},
        {"no @", {.email = {"ops"}}, "'ops'", "is not an e-mail address"},
        {"@ first", {.email = {"@b"}}, "'@b'", "is not an e-mail address"},
        {"@ last", {.email = {"a@"}}, "'a@'", "is not an e-mail address"},
        {"two @", {.email = {"a@b@c"}}, "'a@b@c'", "is not an e-mail address"},
        {"long common name",
         {.common_name = std::string(65, 'c')},
         "ccc",
         "is longer than the 64 bytes"},
        {"tab in common name", {.common_name = "a\tb"}, "'a\\tb'", "outside printable ASCII"},
    }));
    CAPTURE(what);
    const auto result = normalized(names);
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == Failure::config);
    CHECK_THAT(result.error().what, Catch::Contains(named) && Catch::Contains(why));
}

TEST_CASE("all bad names are reported at once", "[x509][names]") {
    const auto result = normalized({.common_name = std::string(65, 'c'),
                                    .dns = {"good.example", "-bad"},
                                    .ip = {"none"},
                                    .uri = {"none"},
                                    .email = {"none"}});
    REQUIRE_FALSE(result);
    CHECK_THAT(result.error().what,
               Catch::Contains("64 bytes") && Catch::Contains("'-bad'") &&
                   Catch::Contains("IP address") && Catch::Contains("URI") &&
                   Catch::Contains("e-mail") && !Catch::Contains("good.example"));
}

TEST_CASE("names without any name are names", "[x509][names]") {
    CHECK(normalized({}) == Names{});
}

TEST_CASE("a common name has 64 bytes at most", "[x509][names]") {
    CHECK(normalized({.common_name = std::string(64, 'c')}));
}

TEST_CASE("what another's certificate holds is only put into order", "[x509][names]") {
    const Names odd = in_normal_form({.dns = {"_B.", "a b", "_b"}, .ip = {"x", "1.2.3.4"}});
    CHECK(odd.dns == List{"_b", "a b"});
    CHECK(odd.ip == List{"1.2.3.4", "x"});
}
