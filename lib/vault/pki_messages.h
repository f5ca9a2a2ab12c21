// SPDX-License-Identifier: Apache-2.0
// What is said to a PKI mount and what it answers, as pure functions.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/result.h"
#include "foundation/secret.h"
#include "issuance/material.h"
#include "role/role.h"
#include "vault/http_transport.h"
#include "vault/json.h"
#include "x509/certificate.h"

namespace install_cert::vault {

// MOUNT/issue/ROLE or MOUNT/sign/ROLE, as a policy names it.
[[nodiscard]] std::string issuing_path(const role::CertificateSpec& spec);

// The request for one certificate, without token. `csr` is for `method: sign` and may then be sent
// twice, for the key stays the same; an `issue` that is sent twice makes a stray key and
// certificate.
[[nodiscard]] HttpRequest issuing_request(const role::CertificateSpec& spec, std::string_view csr);

// A mount states the same CA certificates in each of its answers: each text is parsed once.
class AuthorityReader {
  public:
    [[nodiscard]] Result<> read(std::string_view pem, std::vector<x509::Certificate>& into);

  private:
    std::map<std::string, std::vector<x509::Certificate>, std::less<>> known_;
};

// At most this many certificates in a mount's statement of its CAs.
inline constexpr std::size_t kAuthoritiesLimit = 16;

// The material of an answer to issuing_request(). `key` is the one of a `sign` order; without one,
// the answer must bring it. `response` is left empty.
[[nodiscard]] Result<issuance::IssuedMaterial> read_material(const Json& answer,
                                                             std::optional<x509::PrivateKey> key,
                                                             AuthorityReader& authorities);

// What a PKI role grants, as far as a request can be judged by it beforehand.
struct PkiRole {
    std::vector<std::string> allowed_domains;
    std::vector<std::string> organization;
    std::string key_type;
    unsigned key_bits = 0;
    std::chrono::seconds max_ttl{0};
    bool allow_any_name = false;
    bool allow_bare_domains = false;
    bool allow_subdomains = false;
    bool allow_glob_domains = false;
    bool allow_wildcard_certificates = true;
    bool allow_localhost = true;
    bool allow_ip_sans = true;
    bool enforce_hostnames = true;
    bool server_flag = true;
    bool client_flag = true;
    std::vector<std::string> allowed_uri_sans;
};

[[nodiscard]] Result<PkiRole> read_pki_role(const Json& answer);

[[nodiscard]] HttpRequest revocation_request(std::string_view mount, std::string_view serial);

}  // namespace install_cert::vault
