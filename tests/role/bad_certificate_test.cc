// SPDX-License-Identifier: Apache-2.0
// Certificates, files and consumers that cannot be meant, each with its place, its words and the
// way out.
#include <string>

#include <catch2/catch.hpp>

#include "config_fixture.h"

namespace install_cert::role {

TEST_CASE("values that cannot be meant are refused", "[role][fault-S5]") {
    check_all({
        {"a name in capitals",
         "vault: {address: https://v}\ncertificates:\n  Db: {mount: a, role: b, common_name: c, "
         "directory: /d, files: {ca: e}}\n",
         {"config.yaml:3:3: 'Db' is no name for a certificate: write up to 64 of a-z, 0-9, '.', "
          "'_' and '-', a letter or digit first"}},
        {"a name with a slash",
         "vault: {address: https://v}\ncertificates:\n  a/b: {mount: a, role: b, common_name: c, "
         "directory: /d, files: {ca: e}}\n",
         {"config.yaml:3:3: 'a/b' is no name for a certificate: write up to 64 of a-z, 0-9, '.', "
          "'_' and '-', a letter or digit first"}},
        {"a name of 65 bytes",
         "vault: {address: https://v}\ncertificates:\n  " + std::string(65, 'a') +
             ": {mount: a, role: b, common_name: c, directory: /d, files: {ca: e}}\n",
         {"config.yaml:3:3: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' is "
          "no name for a certificate: write up to 64 of a-z, 0-9, '.', '_' and '-', a letter or "
          "digit first"}},
        {"a mount with a parent",
         certificate_with("    mount: a/../b\n"),
         {"config.yaml:5:12: 'a/../b' is no mount path: write it without v1/, as in kluster/pki"}},
        {"a mount with a query",
         certificate_with("    mount: a?b\n"),
         {"config.yaml:5:12: 'a?b' is no mount path: write it without v1/, as in kluster/pki"}},
        {"a PKI role with a slash",
         certificate_with("    role: a/b\n"),
         {"config.yaml:5:11: 'a/b' is no name of a PKI role"}},
        {"an unknown method",
         certificate_with("    method: isue\n"),
         {"config.yaml:5:13: 'isue' is no 'method' (issue, sign): did you mean 'issue'?"}},
        {"an unknown key type",
         certificate_with("    key_type: ecdsa\n"),
         {"config.yaml:5:15: 'ecdsa' is no 'key_type' (rsa, ec, ed25519)"}},
        {"unsupported bits",
         certificate_with("    key_type: rsa\n    key_bits: 1024\n"),
         {"config.yaml:6:15: rsa keys have no 1024 bits: rsa has 2048, 3072 or 4096, ec 256, 384 "
          "or 521, ed25519 none"}},
        {"bits of no number",
         certificate_with("    key_type: rsa\n    key_bits: 2k\n"),
         {"config.yaml:6:15: '2k' is no number of bits"}},
        {"bits for ed25519",
         certificate_with("    key_type: ed25519\n    key_bits: 256\n"),
         {"config.yaml:6:15: ed25519 keys have no 256 bits: rsa has 2048, 3072 or 4096, ec 256, "
          "384 or 521, ed25519 none"}},
        {"rekey never with issue",
         certificate_with("    rekey: never\n"),
         {"config.yaml:5:12: 'rekey: never' with method 'issue': Vault makes a new key each time: "
          "use method: sign"}},
        {"rekey never with issue, written",
         certificate_with("    method: issue\n    rekey: never\n"),
         {"config.yaml:6:12: 'rekey: never' with method 'issue': Vault makes a new key each time: "
          "use method: sign"}},
        {"sign without a key file",
         certificate_with("    method: sign\n    files: {certificate: a.pem}\n"),
         {"config.yaml:5:13: method 'sign' without a 'key' file: the key would be lost"}},
        {"rekey never without a key file",
         certificate_with("    method: sign\n    rekey: never\n    files: {certificate: a.pem}\n"),
         {"config.yaml:5:13: method 'sign' without a 'key' file: the key would be lost"}},
        {"a common name of 65 bytes",
         certificate_with("    common_name: " + std::string(65, 'a') + "\n"),
         {"config.yaml:5:18: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' "
          "is longer than the 64 bytes that a common name may have (RFC 5280)"}},
        {"a name that is none",
         certificate_with("    alt_names: [a.example.com, a b]\n"),
         {"config.yaml:5:32: 'a b' is not a DNS name"}},
        {"an address among the names",
         certificate_with("    alt_names: [10.0.0.1]\n"),
         {"config.yaml:5:17: '10.0.0.1' is an address: it belongs in 'ip_sans'"}},
        {"a name among the addresses",
         certificate_with("    ip_sans: [localhost]\n"),
         {"config.yaml:5:15: 'localhost' is not an IP address"}},
        {"a URI without scheme",
         certificate_with("    uri_sans: [example.com]\n"),
         {"config.yaml:5:16: 'example.com' is not a URI with a scheme"}},
        {"an unknown usage",
         certificate_with("    usages: [server, clients]\n"),
         {"config.yaml:5:22: 'clients' is no 'usages' (server, client): did you mean 'client'?"}},
        {"an empty organization",
         certificate_with("    organization: [\"\"]\n"),
         {"config.yaml:5:20: an empty text in 'organization'"}},
        {"a ttl of zero",
         certificate_with("    ttl: 0\n"),
         {"config.yaml:5:10: 'ttl' must be more than zero, this is '0'"}},
        {"a negative ttl",
         certificate_with("    ttl: -5h\n"),
         {"config.yaml:5:10: 'ttl' must be more than zero, this is '-5h'"}},
        {"a ttl that is none",
         certificate_with("    ttl: soon\n"),
         {"config.yaml:5:10: 'soon' is no duration: write 720h, 90m, 30s or 7d"}},
        {"a ttl of a thousand years",
         certificate_with("    ttl: 9000000h\n"),
         {"config.yaml:5:10: '9000000h' is no duration: write 720h, 90m, 30s or 7d"}},
        {"a relative directory",
         certificate_with("    directory: certs\n"),
         {"config.yaml:5:16: 'directory' must be an absolute path without '..': this is 'certs'"}},
        {"a directory with a parent",
         certificate_with("    directory: /etc/../certs\n"),
         {"config.yaml:5:16: 'directory' must be an absolute path without '..': this is "
          "'/etc/../certs'"}},
        {"the root directory",
         certificate_with("    directory: //\n"),
         {"config.yaml:5:16: '/' is no directory for files"}},
        {"an unknown user",
         certificate_with("    owner: etdc\n"),
         {"config.yaml:5:12: no such account 'etdc'"}},
        {"an unknown group",
         certificate_with("    group: etdc\n"),
         {"config.yaml:5:12: no such account 'etdc'"}},
    });
}

TEST_CASE("files that would expose or overwrite something are refused",
          "[role][fault-66][fault-93][fault-94][fault-95][fault-S5]") {
    check_all({
        {"an unquoted mode",
         certificate_with("    files: {key: {name: a, mode: 0640}}\n"),
         {"config.yaml:5:34: '0640' is no mode: write a quoted octal string: \"0640\""}},
        {"a decimal-looking mode",
         certificate_with("    files: {key: {name: a, mode: 640}}\n"),
         {"config.yaml:5:34: '640' is no mode: write a quoted octal string: \"0640\""}},
        {"a mode in letters",
         certificate_with("    files: {key: {name: a, mode: \"rw\"}}\n"),
         {"config.yaml:5:34: 'rw' is no mode: write a quoted octal string: \"0600\""}},
        {"a mode that is not octal",
         certificate_with("    files: {key: {name: a, mode: \"0680\"}}\n"),
         {"config.yaml:5:34: '0680' is no mode: write a quoted octal string: \"0600\""}},
        {"a mode with set-user-id",
         certificate_with("    files: {ca: {name: a, mode: \"4644\"}}\n"),
         {"config.yaml:5:33: '4644' is no mode: write a quoted octal string: \"0644\""}},
        {"a key for everybody",
         certificate_with("    files: {key: {name: a, mode: \"0644\"}}\n"),
         {"config.yaml:5:34: mode 0644 of 'key' is wider than 0640: the private key would be "
          "readable by more than its group"}},
        {"a key that its group writes",
         certificate_with("    files: {key: {name: a, mode: \"0660\"}}\n"),
         {"config.yaml:5:34: mode 0660 of 'key' is wider than 0640: the private key would be "
          "readable by more than its group"}},
        {"a response for everybody",
         certificate_with("    files: {response: {name: a, mode: \"0604\"}}\n"),
         {"config.yaml:5:39: mode 0604 of 'response' is wider than 0640: the private key would be "
          "readable by more than its group"}},
        {"a certificate that all write",
         certificate_with("    files: {certificate: {name: a, mode: \"0666\"}}\n"),
         {"config.yaml:5:42: mode 0666 of 'certificate' is wider than 0644: nobody but the owner "
          "writes it, and nobody executes it"}},
        {"a mode that keeps the owner out",
         certificate_with("    files: {ca: {name: a, mode: \"0044\"}}\n"),
         {"config.yaml:5:33: mode 0044 keeps the owner from reading the file"}},
        {"a slash in a name",
         certificate_with("    files: {ca: sub/ca.pem}\n"),
         {"config.yaml:5:17: file name 'sub/ca.pem' holds a slash: all files of a set lie in its "
          "directory"}},
        {"a leading dot",
         certificate_with("    files: {ca: .ca.pem}\n"),
         {"config.yaml:5:17: file name '.ca.pem' begins with a dot: those names are ours"}},
        {"a parent for a name",
         certificate_with("    files: {ca: \"..\"}\n"),
         {"config.yaml:5:17: file name '..' begins with a dot: those names are ours"}},
        {"a leading dash",
         certificate_with("    files: {ca: -ca.pem}\n"),
         {"config.yaml:5:17: file name '-ca.pem' begins with a dash: commands take it for an "
          "option"}},
        {"a name of 256 bytes",
         certificate_with("    files: {ca: " + std::string(256, 'c') + "}\n"),
         {"config.yaml:5:17: file name "
          "'ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
          "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
          "cccccccccccccccccccccc...' is longer than 255 bytes"}},
        {"two files with one name",
         certificate_with("    files: {ca: a.pem, certificate: a.pem}\n"),
         {"config.yaml:5:37: 'certificate' and 'ca' have one name, 'a.pem'"}},
        {"two certificates with one path",
         host_file_with("  db: {mount: a, role: b, common_name: c, directory: /etc//web/, files: "
                        "{ca: ca.pem}}\n"),
         {"config.yaml:10:78: '/etc/web/ca.pem' belongs to certificate 'web' already: give each "
          "certificate file names or a directory of its own"}},
        {"a directory within a generation",
         host_file_with("  db: {mount: a, role: b, common_name: c, directory: "
                        "/etc/web/.web/current, files: {ca: ca.pem}}\n"),
         {"config.yaml:10:54: '/etc/web/.web/current' lies in '/etc/web/.web', which belongs to "
          "certificate 'web'"}},
        {"a directory that is another's file",
         host_file_with("  db: {mount: a, role: b, common_name: c, directory: /etc/web/ca.pem, "
                        "files: {ca: ca.pem}}\n"),
         {"config.yaml:10:54: '/etc/web/ca.pem' lies in '/etc/web/ca.pem', which belongs to "
          "certificate 'web'"}},
    });
}

TEST_CASE("consumers that cannot be reached are refused", "[role]") {
    check_all({
        {"neither unit nor command",
         certificate_with("    consumers: [{when: ca_change}]\n"),
         {"config.yaml:5:17: a consumer is either a 'unit' or a 'command'"}},
        {"both",
         certificate_with("    consumers: [{unit: a.service, command: [/a]}]\n"),
         {"config.yaml:5:17: a consumer is either a 'unit' or a 'command'"}},
        {"a unit without type",
         certificate_with("    consumers: [{unit: etcd}]\n"),
         {"config.yaml:5:24: 'etcd' has no type: write etcd.service"}},
        {"a template",
         certificate_with("    consumers: [{unit: etcd@.service}]\n"),
         {"config.yaml:5:24: 'etcd@.service' is a template: name an instance of it"}},
        {"a unit with a slash",
         certificate_with("    consumers: [{unit: a/etcd.service}]\n"),
         {"config.yaml:5:24: 'a/etcd.service' is no unit name"}},
        {"a command in one text",
         certificate_with("    consumers: [{command: /bin/true}]\n"),
         {"config.yaml:5:27: 'command' must be a list of texts, as in [a, b], this is a text"}},
        {"a relative command",
         certificate_with("    consumers: [{command: [true]}]\n"),
         {"config.yaml:5:27: a command begins with the absolute path of its program"}},
        {"an empty command",
         certificate_with("    consumers: [{command: []}]\n"),
         {"config.yaml:5:27: a command begins with the absolute path of its program"}},
        {"an action for a command",
         certificate_with("    consumers: [{command: [/a], action: restart}]\n"),
         {"config.yaml:5:41: 'action' has no meaning for a command"}},
        {"an unknown action",
         certificate_with("    consumers: [{unit: a.service, action: reload_or_restart}]\n"),
         {"config.yaml:5:43: 'reload_or_restart' is no 'action' (reload-or-restart, reload, "
          "restart): did you mean 'reload-or-restart'?"}},
        {"an unknown occasion",
         certificate_with("    consumers: [{unit: a.service, when: cachange}]\n"),
         {"config.yaml:5:41: 'cachange' is no 'when' (certificate_change, ca_change): did you mean "
          "'ca_change'?"}},
        {"a timeout of nothing",
         certificate_with("    consumers: [{unit: a.service, timeout: 0s}]\n"),
         {"config.yaml:5:44: 'timeout' must be more than zero, this is '0s'"}},
        {"a timeout of eleven minutes",
         certificate_with("    consumers: [{unit: a.service, timeout: 11m}]\n"),
         {"config.yaml:5:44: 'timeout' is longer than 10 minutes"}},
    });
}

}  // namespace install_cert::role
