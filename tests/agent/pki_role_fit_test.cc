// SPDX-License-Identifier: Apache-2.0
#include "agent/advice/pki_role_fit.h"

#include <catch2/catch.hpp>

namespace install_cert::agent {
namespace {

using role::Method;
using x509::KeyKind;
using x509::KeyType;

vault::PkiRole liberal() {
    vault::PkiRole pki_role;
    pki_role.key_type = "ec";
    pki_role.key_bits = 256;
    pki_role.allow_any_name = true;
    pki_role.enforce_hostnames = false;
    return pki_role;
}

role::CertificateSpec modest() {
    role::CertificateSpec spec;
    spec.names.common_name = "web.example.com";
    return spec;
}

TEST_CASE("a PKI role takes keys of its type, to sign also longer ones", "[check]") {
    const auto [what, type, bits, method, key, misfit] =
        GENERATE(table<std::string, std::string, unsigned, Method, KeyKind, std::string>({
            {"as it is", "rsa", 4096, Method::sign, {KeyType::rsa, 4096}, ""},
            {"shorter", "rsa", 4096, Method::sign, {KeyType::rsa, 2048}, "has key_bits 4096"},
            {"longer", "ec", 256, Method::sign, {KeyType::ec, 384}, ""},
            {"longer, made there",
             "ec",
             256,
             Method::issue,
             {KeyType::ec, 384},
             "has key_bits 256"},
            {"another type", "rsa", 2048, Method::sign, {KeyType::ec, 384}, "has key_type rsa"},
            {"without bits", "ed25519", 0, Method::issue, {KeyType::ed25519, 0}, ""},
            {"any", "any", 4096, Method::sign, {KeyType::rsa, 2048}, ""},
            {"any, made there", "any", 0, Method::issue, {KeyType::ec, 256}, "has key_type any"},
        }));
    CAPTURE(what);
    auto pki_role = liberal();
    pki_role.key_type = type;
    pki_role.key_bits = bits;
    auto spec = modest();
    spec.method = method;
    spec.key = key;
    const auto found = misfits(spec, pki_role);
    REQUIRE(found.size() == (misfit.empty() ? 0 : 1));
    CHECK_THAT(misfit.empty() ? "" : found.front(), Catch::StartsWith(misfit));
}

TEST_CASE("where host names are enforced, a common name has to be one", "[check]") {
    const auto [name, is_one] = GENERATE(table<std::string, bool>({
        {"node", true},
        {"Web.Example.com", true},
        {"*.example.com", true},
        {"10.0.0.1", true},
        {"x@example.com", true},
        {"a." + std::string(63, 'b'), true},
        {"a." + std::string(64, 'b'), false},
        {"system:node:x", false},
        {"a_b.example.com", false},
        {"a b", false},
        {"-a", false},
        {"x@y z", false},
        {"*.*.a", false},
    }));
    CAPTURE(name);
    auto spec = modest();
    spec.names.common_name = name;
    auto pki_role = liberal();
    pki_role.enforce_hostnames = true;
    CHECK(misfits(spec, pki_role).empty() == is_one);
    pki_role.allow_any_name = false;
    pki_role.allow_bare_domains = true;
    pki_role.allowed_domains = {name};
    CHECK(misfits(spec, pki_role).empty() == is_one);
    pki_role.enforce_hostnames = false;
    CHECK(misfits(spec, pki_role).empty());
}

}  // namespace
}  // namespace install_cert::agent
