// SPDX-License-Identifier: Apache-2.0
// Sound configurations: what they are read as, and how several texts become one.
#include "role/load.h"

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "config_fixture.h"

namespace install_cert::role {
namespace {

using namespace std::chrono_literals;

// The example of the contract, with every key.
constexpr const char* kEverything = R"(cluster: kluster
environment_files: [-/etc/environment]
variables: {api_dns_name: api.example.com, zone: "${env:REGION}.${cluster}"}
vault:
  address: https://Vault.cluster.internal:8200/
  ca_cert: /opt/etc/vault/ca/ca.pem
  client_cert: /etc/c.pem
  client_key: /etc/k.pem
  tls_server_name: vault
  namespace: team/a
  auth: {method: token, token_file: /etc/install-cert/token}
renewal:
  on_boot: when_due
  at: 240h before expiry
  spread: 5%
  ca_refresh: 30m
certificates:
  etcd-member:
    mount: "/${cluster}/pki/etcd-member/"
    role: etcd-member
    auth: {token_file: /etc/install-cert/etcd-token}
    method: sign
    key_type: rsa
    key_bits: 3072
    rekey: never
    common_name: "${fqdn}"
    alt_names: ["kube-${ip}.cluster.local", "*.Cluster.local", root@example.com, "${api_dns_name}", "${zone}.example"]
    ip_sans: [127.0.0.1, "${ip}", "${COREOS_PRIVATE_IPV4}"]
    uri_sans: [spiffe://example/etcd]
    organization: [ops]
    usages: [client, server]
    ttl: 720h
    directory: /etc//etcd/certs/
    owner: etcd
    group: etcd
    files:
      ca: etcd-member-ca.pem
      certificate: {name: etcd-member.pem}
      key: {name: etcd-member-key.pem, mode: "640"}
      response: {name: kube-bundle.certs, mode: "0400"}
    consumers:
      - unit: etcd.service
        when: ca_change
        action: restart
      - command: [/usr/local/bin/after-renewal, "", "${hostname}"]
        timeout: 90s
)";

FakeHost host_with_environment() {
    FakeHost host;
    host.files["/etc/environment"] = "COREOS_PRIVATE_IPV4=10.1.2.3\n";
    return host;
}

CertificateSpec only(const Role& role) {
    REQUIRE(role.certificates.size() == 1);
    return role.certificates.front();
}

}  // namespace

TEST_CASE("every key of a host file reaches the role", "[role]") {
    const auto role = load_good({.host = kEverything}, host_with_environment());
    CHECK(role.name.empty());
    CHECK(role.cluster == "kluster");
    CHECK(role.warnings.empty());
    CHECK(role.vault.address == "https://Vault.cluster.internal:8200");
    CHECK(role.vault.ca_cert == "/opt/etc/vault/ca/ca.pem");
    CHECK(role.vault.client_cert == "/etc/c.pem");
    CHECK(role.vault.client_key == "/etc/k.pem");
    CHECK(role.vault.tls_server_name == "vault");
    CHECK(role.vault.name_space == "team/a");
    CHECK(role.renewal.on_boot == OnBoot::when_due);
    CHECK(std::get<BeforeExpiry>(role.renewal.at).lead == 240h);
    CHECK(role.renewal.spread == Approx(0.05));
    CHECK(role.renewal.ca_refresh == 30min);
    CHECK(role.renewal.ca_lead == 60min);
}

TEST_CASE("every key of a certificate reaches its specification", "[role]") {
    const auto spec = only(load_good({.host = kEverything}, host_with_environment()));
    CHECK(spec.name == "etcd-member");
    CHECK(spec.position.line == 18);
    CHECK(spec.position.column == 3);
    CHECK(spec.mount == "kluster/pki/etcd-member");
    CHECK(spec.pki_role == "etcd-member");
    CHECK(spec.auth.token_file == "/etc/install-cert/etcd-token");
    CHECK_FALSE(spec.auth.token_file_is_default);
    CHECK(spec.method == Method::sign);
    CHECK(spec.key == x509::KeyKind{x509::KeyType::rsa, 3072});
    CHECK(spec.rekey == Rekey::never);
    CHECK(spec.names.common_name == "node7.example.com");
    CHECK(spec.names.dns == std::vector<std::string>{"*.cluster.local",
                                                     "api.example.com",
                                                     "eu.kluster.example",
                                                     "kube-10.0.0.7.cluster.local"});
    CHECK(spec.names.email == std::vector<std::string>{"root@example.com"});
    CHECK(spec.names.ip == std::vector<std::string>{"10.0.0.7", "10.1.2.3", "127.0.0.1"});
    CHECK(spec.names.uri == std::vector<std::string>{"spiffe://example/etcd"});
    CHECK(spec.organization == std::vector<std::string>{"ops"});
    CHECK(spec.usages == std::vector{x509::Usage::server, x509::Usage::client});
    CHECK(spec.ttl == 720h);
    CHECK(spec.directory == "/etc/etcd/certs");
    CHECK(spec.ownership == Ownership{111, 112});
}

TEST_CASE("files and consumers are read with their defaults", "[role]") {
    const auto spec = only(load_good({.host = kEverything}, host_with_environment()));
    CHECK(spec.files.ca->name == "etcd-member-ca.pem");
    CHECK(spec.files.ca->mode == 0644);
    CHECK(spec.files.certificate->mode == 0644);
    CHECK(spec.files.key->mode == 0640);
    CHECK(spec.files.response->mode == 0400);
    REQUIRE(spec.consumers.size() == 2);
    CHECK(std::get<UnitConsumer>(spec.consumers[0].what).unit == "etcd.service");
    CHECK(spec.consumers[0].when == When::ca_change);
    CHECK(std::get<UnitConsumer>(spec.consumers[0].what).action == UnitAction::restart);
    CHECK(spec.consumers[0].timeout == 30s);
    CHECK(std::get<CommandConsumer>(spec.consumers[1].what).argv ==
          std::vector<std::string>{"/usr/local/bin/after-renewal", "", "node7"});
    CHECK(spec.consumers[1].when == When::certificate_change);
    CHECK(spec.consumers[1].timeout == 90s);
}

TEST_CASE("what is left out has the contract's defaults", "[role]") {
    const auto role = load_good({.host = certificate_with("")});
    const auto spec = only(role);
    CHECK(role.renewal.on_boot == OnBoot::always);
    CHECK(std::get<ShareOfLifetime>(role.renewal.at).share == Approx(0.66));
    CHECK(role.renewal.spread == Approx(0.10));
    CHECK(role.renewal.ca_refresh == 1h);
    CHECK(role.renewal.ca_lead == 2h);
    CHECK(spec.method == Method::issue);
    CHECK_FALSE(spec.key);
    CHECK(spec.rekey == Rekey::always);
    CHECK_FALSE(spec.organization);
    CHECK_FALSE(spec.usages);
    CHECK_FALSE(spec.ttl);
    CHECK(spec.ownership == Ownership{0, 0});
    CHECK(spec.files.key->mode == 0600);
    CHECK(spec.auth == role.vault.auth);
    CHECK(spec.auth.token_file == "/etc/install-cert/token");
    CHECK(spec.auth.token_file_is_default);
}

TEST_CASE("sign without a key type makes P-256 keys, and a type its usual size", "[role]") {
    const auto [keys, kind] = GENERATE(table<std::string, x509::KeyKind>({
        {"", {x509::KeyType::ec, 256}},
        {"    key_type: rsa\n", {x509::KeyType::rsa, 2048}},
        {"    key_type: ec\n    key_bits: 384\n", {x509::KeyType::ec, 384}},
        {"    key_type: ed25519\n", {x509::KeyType::ed25519, 0}},
    }));
    CAPTURE(keys);
    const auto spec = only(load_good({.host = certificate_with("    method: sign\n" + keys)}));
    CHECK(spec.key == kind);
}

TEST_CASE("an address is accepted in each of its forms", "[role][fault-97]") {
    const auto [written, read] = GENERATE(table<std::string, std::string>({
        {"https://vault.example.com", "https://vault.example.com"},
        {"HTTPS://vault.example.com/", "https://vault.example.com"},
        {"https://vault_1:8200", "https://vault_1:8200"},
        {"https://10.0.0.1:8200/", "https://10.0.0.1:8200"},
        {"https://[fd00::1]:8200", "https://[fd00::1]:8200"},
        {"http://127.0.0.2:8200", "http://127.0.0.2:8200"},
        {"http://[::1]:8200", "http://[::1]:8200"},
        {"http://localhost", "http://localhost"},
    }));
    const auto role = load_good({.host = "vault: {address: '" + written + "'}\n" + kWeb});
    CHECK(role.vault.address == read);
    CHECK(role.warnings.empty());
}

TEST_CASE("what is allowed but dangerous is warned about", "[role]") {
    const auto [keys, word] = GENERATE(table<std::string, std::string>({
        {"vault: {address: http://v, insecure_http: true}\n", "insecure_http"},
        {"vault: {address: https://v, insecure_skip_verify: true}\n", "insecure_skip_verify"},
        {"vault: {address: https://v}\nrenewal: {ca_lead: 1m}\n", "ca_lead"},
    }));
    const auto role = load_good({.host = keys + kWeb});
    REQUIRE(role.warnings.size() == 1);
    CHECK_THAT(role.warnings.front(), Catch::Contains(word));
}

TEST_CASE("role file, host file and drop-ins merge key by key; lists and scalars replace",
          "[role]") {
    const auto role = load_good(
        {.host = "role: web\nvault: {address: https://v}\n"
                 "certificates: {web: {ttl: 2h, alt_names: [b.example], files: {key: {mode: "
                 "\"0640\"}}}}\n",
         .roles = {{"web",
                    "certificates:\n"
                    "  web: {mount: pki, role: web, common_name: a.example, alt_names: [a.example, "
                    "c.example],\n"
                    "        ttl: 1h, directory: /d, files: {ca: ca.pem, key: key.pem}}\n"}},
         .drop_ins = {{"config.d/10.yaml", "certificates: {web: {ttl: 3h, role: other}}\n"},
                      {"config.d/20.yaml", "certificates: {web: {ttl: 4h}}\n# and no more\n"},
                      {"config.d/30.yaml", "# empty\n"}}});
    const auto spec = only(role);
    CHECK(role.name == "web");
    CHECK(spec.mount == "pki");
    CHECK(spec.pki_role == "other");
    CHECK(spec.ttl == 4h);
    CHECK(spec.names.dns == std::vector<std::string>{"b.example"});
    CHECK(spec.files.ca->name == "ca.pem");
    CHECK(spec.files.key->name == "key.pem");
    CHECK(spec.files.key->mode == 0640);
}

TEST_CASE("a file named anew loses the mode that a lower text gave it", "[role]") {
    const auto role = load_good(
        {.host = "role: web\nvault: {address: https://v}\ncertificates: {web: {files: {key: "
                 "new.pem}}}\n",
         .roles = {{"web",
                    "certificates:\n  web: {mount: a, role: b, common_name: c, directory: /d,\n"
                    "        files: {key: {name: old.pem, mode: \"0640\"}}}\n"}}});
    CHECK(only(role).files.key->name == "new.pem");
    CHECK(only(role).files.key->mode == 0600);
}

TEST_CASE("a drop-in chooses the role, by a variable if need be", "[role]") {
    const auto role = load_good(
        {.host = "role: none\nvault: {address: https://v}\n",
         .roles = {{"web", kWeb}},
         .drop_ins = {{"config.d/1.yaml", "variables: {kind: web}\nrole: \"${kind}\"\n"}}});
    CHECK(role.name == "web");
}

TEST_CASE("the errors of all texts come at once, in the order of the texts", "[role]") {
    const auto said =
        complaints({.host = "role: web\nvault: {address: http://v}\nclutser: a\n",
                    .roles = {{"web", "certificates: {web: {ttl: 0}}\n"}},
                    .drop_ins = {{"config.d/1.yaml", "a: [\n"}, {"config.d/2.yaml", "a: &b c\n"}}});
    CHECK(said == std::vector<std::string>{
                      "roles/web.yaml:1:27: 'ttl' must be more than zero, this is '0'",
                      "config.yaml:2:18: plain http to v: the token would travel in the clear: use "
                      "https, or write insecure_http: true",
                      "config.yaml:3:1: unknown key 'clutser': did you mean 'cluster'?",
                      "config.d/1.yaml:1:1: unknown key 'a'",
                      "config.d/1.yaml:2:1: not YAML: did not find expected node content (while "
                      "parsing a flow node that begins in line 2)",
                      "config.d/2.yaml:1:1: unknown key 'a'",
                      "config.d/2.yaml:1:4: an anchor (&name): write the value out where it is "
                      "meant",
                  });
}

TEST_CASE("a text with a byte order mark and CRLF is as good as any", "[role]") {
    std::string yaml = "\xEF\xBB\xBF" + certificate_with("    ttl: 1h\n");
    for (auto at = yaml.find('\n'); at != std::string::npos; at = yaml.find('\n', at + 2)) {
        yaml.insert(at, "\r");
    }
    CHECK(only(load_good({.host = yaml})).ttl == 1h);
}

TEST_CASE("columns count characters, and a byte order mark is none", "[role]") {
    CHECK(complaints({.host = "\xEF\xBB\xBF"
                              "vault: {address: https://v}\n"
                              "variables: {a: \"\xC3\xBC\xC3\xBC\", b: [c]}\n" +
                              kWeb}) ==
          std::vector<std::string>{"config.yaml:2:25: 'b' must be a text, this is a list"});
}

TEST_CASE("sets that lend their CA come before those without one", "[role]") {
    const auto role = load_good({.host = R"(vault: {address: https://v}
certificates:
  a: {mount: m, role: r, common_name: c, directory: /d, files: {certificate: a.pem}}
  b: {mount: m, role: r, common_name: c, directory: /d, files: {certificate: b.pem, ca: ca.pem}}
  c: {mount: n, role: r, common_name: c, directory: /d, files: {certificate: c.pem}}
  d: {mount: n, role: r, common_name: c, directory: /d, files: {ca: d.pem}}
)"});
    std::string order;
    for (const auto& spec : role.certificates) {
        order += spec.name;
    }
    CHECK(order == "bdac");
}

}  // namespace install_cert::role
