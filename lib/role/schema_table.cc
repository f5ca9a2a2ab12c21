// SPDX-License-Identifier: Apache-2.0
// Every key that a configuration may hold.
#include <array>
#include <span>

#include "role/schema.h"

namespace install_cert::role {
namespace {

using enum Shape;

constexpr std::array kAuthKeys{
    Key{"method", text},
    Key{"mount", text},
    Key{"token_file", text},
    Key{"role_id", text},
    Key{"role_id_file", text},
    Key{"secret_id_file", text},
    Key{"role", text},
    Key{"jwt_file", text},
};
constexpr Schema kAuth{"auth", kAuthKeys};

constexpr std::array kVaultKeys{
    Key{"address", text},
    Key{"ca_cert", text},
    Key{"client_cert", text},
    Key{"client_key", text},
    Key{"tls_server_name", text},
    Key{"namespace", text},
    Key{"insecure_http", flag},
    Key{"insecure_skip_verify", flag},
    Key{"auth", section, &kAuth},
};
constexpr Schema kVault{"vault", kVaultKeys};

constexpr std::array kRenewalKeys{
    Key{"on_boot", text},
    Key{"at", text},
    Key{"spread", text},
    Key{"ca_refresh", text},
    Key{"ca_lead", text},
};
constexpr Schema kRenewal{"renewal", kRenewalKeys};

constexpr std::array kFileKeys{Key{"name", text}, Key{"mode", text}};
constexpr Schema kFile{"a file", kFileKeys};

constexpr std::array kFilesKeys{
    Key{"ca", file, &kFile},
    Key{"certificate", file, &kFile},
    Key{"key", file, &kFile},
    Key{"response", file, &kFile},
};
constexpr Schema kFiles{"files", kFilesKeys};

constexpr std::array kConsumerKeys{
    Key{"unit", text},
    Key{"command", texts},
    Key{"when", text},
    Key{"action", text},
    Key{"timeout", text},
};
constexpr Schema kConsumer{"a consumer", kConsumerKeys};

constexpr std::array kCertificateKeys{
    Key{"mount", text},
    Key{"role", text},
    Key{"auth", section, &kAuth},
    Key{"method", text},
    Key{"key_type", text},
    Key{"key_bits", text},
    Key{"rekey", text},
    Key{"common_name", text},
    Key{"alt_names", texts},
    Key{"ip_sans", texts},
    Key{"uri_sans", texts},
    Key{"organization", texts},
    Key{"usages", texts},
    Key{"ttl", text},
    Key{"directory", text},
    Key{"owner", text},
    Key{"group", text},
    Key{"files", section, &kFiles},
    Key{"consumers", sections, &kConsumer},
};
constexpr Schema kCertificate{"a certificate", kCertificateKeys};

constexpr std::array kHostKeys{
    Key{"cluster", text},
    Key{"environment_files", texts},
    Key{"variables", words},
    Key{"vault", section, &kVault},
    Key{"renewal", section, &kRenewal},
    Key{"certificates", named, &kCertificate},
    Key{"role", text},
};
constexpr Schema kHost{"", kHostKeys};
constexpr Schema kRoleFile{"", std::span(kHostKeys).first<kHostKeys.size() - 1>()};

constexpr std::array kSections{
    &kHost, &kVault, &kAuth, &kRenewal, &kCertificate, &kFiles, &kConsumer};

}  // namespace

const Schema& host_schema() {
    return kHost;
}

const Schema& role_file_schema() {
    return kRoleFile;
}

std::span<const Schema* const> all_sections() {
    return kSections;
}

}  // namespace install_cert::role
