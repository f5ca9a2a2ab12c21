// SPDX-License-Identifier: Apache-2.0
// A certificate authority in the test's own process: makes what a good CA makes, and any defect
// that a row of a table wants.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/evp.h>

#include "foundation/clock.h"
#include "x509/certificate.h"
#include "x509/key.h"
#include "x509/names.h"

namespace install_cert::testing {

// When the tests take place, as a ManualClock starts; certificates are dated around it unless told
// otherwise.
inline constexpr WallTime kNow = std::chrono::sys_days{std::chrono::January / 1 / 2026};

// A key, also of kinds that nobody should use. Copies share it.
class TestKey {
  public:
    // "rsa1024", "rsa2048" .., "rsa-pss", "ed25519", "ed448", or OpenSSL's name of a curve:
    // "P-256", "secp224r1". The same `kind` and `which` give the same key within a process, so that
    // slow ones are made once.
    explicit TestKey(std::string_view kind, int which = 0);

    // "PRIVATE KEY"
    [[nodiscard]] std::string pkcs8() const;
    // "RSA PRIVATE KEY", "EC PRIVATE KEY"
    [[nodiscard]] std::string traditional() const;
    // "ENCRYPTED PRIVATE KEY", and the traditional form with a Proc-Type header.
    [[nodiscard]] std::string encrypted_pkcs8() const;
    [[nodiscard]] std::string encrypted_traditional() const;

    [[nodiscard]] x509::PrivateKey parsed() const;

    [[nodiscard]] EVP_PKEY* native() const { return key_.get(); }

  private:
    std::shared_ptr<EVP_PKEY> key_;
};

// OpenSSL's name of a key kind: "rsa2048", "P-256", "ed25519".
[[nodiscard]] std::string kind_name(x509::KeyKind kind);

// What a certificate says. Nothing is checked: bytes go in as they are.
struct Plan {
    std::optional<std::string> common_name = "node";
    std::vector<std::string> organization;
    std::vector<std::pair<std::string, std::string>> more_subject;  // {"OU", "unit"}, {"CN", ..}
    std::vector<std::string> dns;
    std::vector<std::string> ip;  // text, or 4, 5, .. raw bytes where it is no address
    std::vector<std::string> uri;
    std::vector<std::string> email;
    std::vector<std::string> usages{"serverAuth", "clientAuth"};  // empty: no extension
    WallTime not_before = kNow - std::chrono::seconds{30};        // as Vault does
    WallTime not_after = kNow + std::chrono::hours{720};
    bool is_ca = false;
    std::string digest = "SHA256";  // not used for Ed25519
    std::string serial = "3f:09:aa";
    // As in openssl-x509v3_config(5): {"keyUsage", "critical,keyCertSign"}.
    std::vector<std::pair<std::string, std::string>> extensions;
    std::optional<TestKey> forger;  // signs in place of the issuer
};

// The plan that answers a request for these names.
[[nodiscard]] Plan plan_for(const x509::Names& names);

class TestAuthority {
  public:
    struct Terms {
        std::string key = "P-256";
        int which = 0;  // of the keys of that kind
        WallTime not_before = kNow - std::chrono::hours{24 * 365};
        WallTime not_after = kNow + std::chrono::hours{24 * 3650};
        std::string digest = "SHA256";
        std::string serial = "10";
        std::vector<std::string> usages{};  // extended, of the authority itself
    };

    // A self-signed one.
    [[nodiscard]] static TestAuthority root(const std::string& common_name, const Terms& terms);
    [[nodiscard]] static TestAuthority root(const std::string& common_name);

    // One that is certified by this one.
    [[nodiscard]] TestAuthority intermediate(const std::string& common_name,
                                             const Terms& terms) const;

    // This one's certificate for the name and key of the other.
    [[nodiscard]] TestAuthority cross_signed(const TestAuthority& other, const Terms& terms) const;

    // A certificate as PEM.
    [[nodiscard]] std::string issue(const Plan& plan, const TestKey& key) const;
    // The same for the public key of a PKCS#10 request.
    [[nodiscard]] std::string sign(const Plan& plan, const std::string& request) const;

    [[nodiscard]] const std::string& pem() const { return pem_; }

    [[nodiscard]] x509::Certificate certificate() const;

    [[nodiscard]] const TestKey& key() const { return key_; }

  private:
    TestAuthority(std::string common_name, TestKey key, std::string pem)
        : common_name_(std::move(common_name)), key_(std::move(key)), pem_(std::move(pem)) {}

    std::string common_name_;
    TestKey key_;
    std::string pem_;
};

// Throws std::runtime_error where it does not parse, which fails the test.
[[nodiscard]] x509::Certificate parsed(const std::string& pem);

}  // namespace install_cert::testing
