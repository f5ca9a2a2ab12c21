// SPDX-License-Identifier: Apache-2.0
// Which changes of a configuration ask for a new certificate, and which do not.
#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config_fixture.h"
#include "role/load.h"
#include "role/role.h"

namespace install_cert::role {
namespace {

using namespace std::chrono_literals;
using Change = std::function<void(CertificateSpec&)>;

CertificateSpec plain() {
    return load_good({.host = certificate_with("    alt_names: [a.example, b.example]\n")})
        .certificates.front();
}

std::string digest_after(const Change& change) {
    auto spec = plain();
    change(spec);
    return request_digest(spec);
}

}  // namespace

TEST_CASE("everything that is asked for changes the digest, each in its own way", "[role]") {
    const std::vector<Change> changes{
        [](auto& spec) { spec.mount = "pki2"; },
        [](auto& spec) { spec.pki_role = "web2"; },
        [](auto& spec) { spec.method = Method::sign; },
        [](auto& spec) { spec.key = x509::KeyKind{}; },
        [](auto& spec) { spec.key = x509::KeyKind{x509::KeyType::ec, 384}; },
        [](auto& spec) { spec.rekey = Rekey::never; },
        [](auto& spec) { spec.names.common_name = "other"; },
        [](auto& spec) { spec.names.dns = {"a.example"}; },
        [](auto& spec) { spec.names.dns = {"a.exampleb.example"}; },
        [](auto& spec) { spec.names.dns = {"a.example9:b.example"}; },
        [](auto& spec) { spec.names.dns = {}, spec.names.ip = {"a.example", "b.example"}; },
        [](auto& spec) { spec.names.uri = {"urn:a"}; },
        [](auto& spec) { spec.names.email = {"urn:a"}; },
        [](auto& spec) { spec.organization = std::vector<std::string>{}; },
        [](auto& spec) { spec.organization = std::vector<std::string>{"o"}; },
        [](auto& spec) { spec.usages = std::vector<x509::Usage>{}; },
        [](auto& spec) { spec.usages = std::vector{x509::Usage::server}; },
        [](auto& spec) { spec.usages = std::vector{x509::Usage::client}; },
        [](auto& spec) { spec.ttl = 1h; },
        [](auto& spec) { spec.ttl = 2h; },
        [](auto& spec) { spec.files.ca.reset(); },
        [](auto& spec) { spec.files.ca->name = "other.pem"; },
        [](auto& spec) { spec.files.key->name = "other.pem"; },
        [](auto& spec) { spec.files.response = File{"all.json", 0600}; },
    };
    std::set<std::string> digests{request_digest(plain())};
    for (const auto& change : changes) {
        digests.insert(digest_after(change));
    }
    CHECK(digests.size() == changes.size() + 1);
    CHECK(digests.begin()->size() == 64);
}

TEST_CASE("modes, owners, places and consumers need no new certificate", "[role]") {
    const auto digest = request_digest(plain());
    CHECK(digest_after([](auto& spec) { spec.files.key->mode = 0640; }) == digest);
    CHECK(digest_after([](auto& spec) { spec.ownership = {5, 6}; }) == digest);
    CHECK(digest_after([](auto& spec) { spec.directory = "/elsewhere"; }) == digest);
    CHECK(digest_after([](auto& spec) { spec.consumers.clear(); }) == digest);
    CHECK(digest_after([](auto& spec) { spec.auth.token_file = "/t"; }) == digest);
    CHECK(digest_after([](auto& spec) { spec.position.line = 99; }) == digest);
}

TEST_CASE("names in another order or spelling ask for the same", "[role]") {
    const auto other = load_good(
        {.host = certificate_with("    alt_names: [B.example., a.EXAMPLE, a.example]\n")});
    CHECK(request_digest(other.certificates.front()) == request_digest(plain()));
}

}  // namespace install_cert::role
