// SPDX-License-Identifier: Apache-2.0
// Texts that are no configuration: not YAML, more than YAML, unknown keys, wrong types.
#include <string>

#include <catch2/catch.hpp>

#include "config_fixture.h"
#include "role/text_check.h"

namespace install_cert::role {

TEST_CASE("what is not one plain YAML document is refused with its place",
          "[role][fault-91][fault-92]") {
    const auto sound = certificate_with("");
    check_all({
        {"an empty file",
         "",
         {"config.yaml:1:1: vault has no 'address' (nor is VAULT_ADDR or BAO_ADDR set)",
          "config.yaml:1:1: neither 'role' nor 'certificates': nothing to install: write role: "
          "etcd, controller or worker"}},
        {"comments alone",
         "# nothing\n",
         {"config.yaml:1:1: vault has no 'address' (nor is VAULT_ADDR or BAO_ADDR set)",
          "config.yaml:1:1: neither 'role' nor 'certificates': nothing to install: write role: "
          "etcd, controller or worker"}},
        {"a list at the top", "- a\n", {"config.yaml:1:1: keys with values are expected here"}},
        {"an unclosed bracket",
         host_file_with("environment_files: [/a\n"),
         {"config.yaml:10:21: /a: No such file: write -/a if it may be absent",
          "config.yaml:11:1: not YAML: did not find expected ',' or ']' (while parsing a flow "
          "sequence that begins in line 10)"}},
        {"an unclosed quote",
         host_file_with("cluster: \"k\n"),
         {"config.yaml:11:1: not YAML: found unexpected end of stream (while scanning a quoted "
          "scalar that begins in line 10)"}},
        {"a colon too many",
         host_file_with("cluster: a: b\n"),
         {"config.yaml:10:11: not YAML: mapping values are not allowed in this context"}},
        {"a tab for indentation",
         "vault:\n\taddress: x\n",
         {"config.yaml:2:1: a tab: indent with spaces; in a double-quoted text a tab is written "
          "\\t"}},
        {"a tab in a comment",
         sound + "#\tx\n",
         {"config.yaml:10:2: a tab: indent with spaces; in a double-quoted text a tab is written "
          "\\t"}},
        {"not UTF-8", sound + "cluster: \xC3(\n", {"config.yaml:10:10: not UTF-8"}},
        {"a NUL",
         sound + "cluster: a" + std::string(1, '\0') + "\n",
         {"config.yaml:10:11: a control character (0x00)"}},
        {"an escaped NUL",
         sound + "cluster: \"a\\0b\"\n",
         {"config.yaml:10:10: a line break or another control character in a text"}},
        {"a C1 control",
         sound + "cluster: \xC2\x80\n",
         {"config.yaml:10:10: not YAML: control characters are not allowed"}},
        {"an anchor",
         sound + "cluster: &c kluster\n",
         {"config.yaml:10:10: an anchor (&name): write the value out where it is meant"}},
        {"an alias",
         sound + "variables: {a: &a b, c: *a}\n",
         {"config.yaml:10:16: an anchor (&name): write the value out where it is meant",
          "config.yaml:10:25: an alias (*name): write the value out where it is meant"}},
        {"an alias to nothing",
         sound + "cluster: *c\n",
         {"config.yaml:10:10: an alias (*name): write the value out where it is meant"}},
        {"a merge key",
         sound + "renewal: {<<: {at: 50%}}\n",
         {"config.yaml:10:11: unknown key '<<'"}},
        {"a tag",
         sound + "cluster: !!str kluster\n",
         {"config.yaml:10:10: a tag (!type): every value is text"}},
        {"an escaped line break in a variable",
         sound + "variables: {a: \"b\\n\"}\n",
         {"config.yaml:10:16: a line break or another control character in a text"}},
        {"a second document",
         sound + "---\ncluster: kluster\n",
         {"config.yaml:10:1: a second document: a file holds one"}},
        {"a second document after an end mark",
         sound + "...\n---\ncluster: kluster\n",
         {"config.yaml:11:1: a second document: a file holds one"}},
        {"a duplicate key",
         sound + "cluster: a\nrenewal: {at: 50%}\ncluster: b\n",
         {"config.yaml:12:1: key 'cluster' is there twice: the first is in line 10"}},
        {"a duplicate key in quotes",
         sound + "cluster: a\n\"cluster\": b\n",
         {"config.yaml:11:1: key 'cluster' is there twice: the first is in line 10"}},
        {"a duplicate certificate",
         sound + "  web: {}\n",
         {"config.yaml:10:3: key 'web' is there twice: the first is in line 4"}},
        {"a key that is a list", sound + "[a]: b\n", {"config.yaml:10:1: a key must be a word"}},
        {"nested without end",
         "a: " + std::string(2000, '['),
         {"config.yaml:1:1: unknown key 'a'",
          "config.yaml:1:19: nested deeper than any configuration"}},
        {"over 1 MiB",
         sound + "#" + std::string(1 << 20, 'x'),
         {"config.yaml:1:1: longer than 1 MiB: this is no configuration"}},
    });
}

TEST_CASE("unknown keys and wrong types are refused, with the nearest key", "[role][fault-92]") {
    check_all({
        {"a typo at the top",
         host_file_with("clutser: k\n"),
         {"config.yaml:10:1: unknown key 'clutser': did you mean 'cluster'?"}},
        {"a typo in a certificate",
         certificate_with("    comon_name: a\n"),
         {"config.yaml:5:5: unknown key 'comon_name': did you mean 'common_name'?"}},
        {"a typo in files",
         certificate_with("    files: {certficate: a}\n"),
         {"config.yaml:5:13: unknown key 'certficate': did you mean 'certificate'?"}},
        {"a typo in a file",
         certificate_with("    files: {key: {nam: a, mode: \"0600\"}}\n"),
         {"config.yaml:5:19: unknown key 'nam': did you mean 'name'?"}},
        {"a typo in auth",
         certificate_with("    auth: {tokenfile: /a}\n"),
         {"config.yaml:5:12: unknown key 'tokenfile': did you mean 'token_file'?"}},
        {"a typo in renewal",
         host_file_with("renewal: {onboot: always}\n"),
         {"config.yaml:10:11: unknown key 'onboot': did you mean 'on_boot'?"}},
        {"a typo in vault",
         "vault: {adress: https://v}\n" + kWeb,
         {"config.yaml:1:9: unknown key 'adress': did you mean 'address'?"}},
        {"a typo in a consumer",
         certificate_with("    consumers: [{unti: a.service}]\n"),
         {"config.yaml:5:18: unknown key 'unti': did you mean 'unit'?"}},
        {"a key of another section",
         host_file_with("token_file: /a\n"),
         {"config.yaml:10:1: unknown key 'token_file': it belongs in 'auth'"}},
        {"a top key in a certificate",
         certificate_with("    cluster: a\n"),
         {"config.yaml:5:5: unknown key 'cluster': it belongs at the top of the host file"}},
        {"a key like no other",
         host_file_with("zzzzzzzzzz: 1\n"),
         {"config.yaml:10:1: unknown key 'zzzzzzzzzz'"}},
        {"a section without content",
         host_file_with("renewal:\n"),
         {"config.yaml:10:9: 'renewal' must be a mapping, this is nothing"}},
        {"a text for a section",
         host_file_with("renewal: always\n"),
         {"config.yaml:10:10: 'renewal' must be a mapping, this is a text"}},
        {"a list for a text",
         host_file_with("cluster: [a]\n"),
         {"config.yaml:10:10: 'cluster' must be a text, this is a list"}},
        {"a mapping for a list",
         certificate_with("    alt_names: {a: b}\n"),
         {"config.yaml:5:16: 'alt_names' must be a list of texts, as in [a, b], this is a "
          "mapping"}},
        {"a text for a list",
         certificate_with("    alt_names: a.example.com\n"),
         {"config.yaml:5:16: 'alt_names' must be a list of texts, as in [a, b], this is a text"}},
        {"a list in a list",
         certificate_with("    alt_names: [[a]]\n"),
         {"config.yaml:5:17: each of 'alt_names' must be a text, this is a list"}},
        {"null for a text",
         certificate_with("    ttl: ~\n"),
         {"config.yaml:5:10: 'ttl' must be a text, this is nothing"}},
        {"nothing for a text",
         certificate_with("    ttl:\n"),
         {"config.yaml:5:9: 'ttl' must be a text, this is nothing"}},
        {"an empty text",
         certificate_with("    ttl: \"\"\n"),
         {"config.yaml:5:10: 'ttl' is empty: leave the key out if it has no value"}},
        {"a quoted flag",
         "vault: {address: http://v, insecure_http: \"true\"}\n" + kWeb,
         {"config.yaml:1:43: 'insecure_http' must be true or false, this is a quoted text"}},
        {"yes for a flag",
         "vault: {address: http://v, insecure_http: yes}\n" + kWeb,
         {"config.yaml:1:43: 'insecure_http' must be true or false, this is a text"}},
        {"a list for a file",
         certificate_with("    files: {key: [a]}\n"),
         {"config.yaml:5:18: 'key' must be a file name, or a mapping with 'name' and 'mode', this "
          "is a list"}},
        {"a text for a consumer",
         certificate_with("    consumers: [etcd.service]\n"),
         {"config.yaml:5:17: each of 'consumers' must be a mapping, this is a text"}},
        {"a mapping for a variable",
         host_file_with("variables: {a: {b: c}}\n"),
         {"config.yaml:10:16: 'a' must be a text, this is a mapping"}},
        {"a list for certificates",
         "vault: {address: https://v}\ncertificates: [a]\n",
         {"config.yaml:2:15: 'certificates' must be a mapping, this is a list"}},
        {"a text for a certificate",
         host_file_with("  db: pki\n"),
         {"config.yaml:10:7: 'db' must be a mapping, this is a text"}},
        {"a text over two lines",
         certificate_with("    ttl: |\n      720h\n"),
         {"config.yaml:5:10: a line break or another control character in a text"}},
    });
}

TEST_CASE("a mebibyte in one line is refused as quickly as any other", "[role]") {
    // Quadratic, it would take minutes.
    const std::string text = "a: " + std::string(kTextLimit - 4, 'x') + '\xFF';
    const Source source{.file = "config.yaml"};
    Diagnostics diagnostics;
    CHECK_FALSE(checked_text(source, text, diagnostics));
    CHECK(to_string(diagnostics.take().at(0)) == "config.yaml:1:1048576: not UTF-8");
}

}  // namespace install_cert::role
