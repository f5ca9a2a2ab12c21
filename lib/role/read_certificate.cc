// SPDX-License-Identifier: Apache-2.0
// Reads a certificate and refuses what contradicts itself.
#include "role/read_certificate.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "foundation/text.h"
#include "role/diagnostics.h"
#include "role/document.h"
#include "role/read_auth.h"
#include "role/read_consumers.h"
#include "role/read_files.h"
#include "role/read_names.h"
#include "role/read_renewal.h"
#include "role/role.h"
#include "role/section.h"
#include "x509/key.h"

namespace install_cert::role {
namespace {

constexpr std::array kMethods{Choice{"issue", Method::issue}, Choice{"sign", Method::sign}};
constexpr std::span<const Choice<Method>> kMethodChoices = kMethods;

constexpr std::array kRekeys{Choice{"always", Rekey::always}, Choice{"never", Rekey::never}};
constexpr std::span<const Choice<Rekey>> kRekeyChoices = kRekeys;

constexpr std::array kKeyTypes{
    Choice{"rsa", x509::KeyType::rsa},
    Choice{"ec", x509::KeyType::ec},
    Choice{"ed25519", x509::KeyType::ed25519},
};
constexpr std::span<const Choice<x509::KeyType>> kKeyTypeChoices = kKeyTypes;

constexpr std::size_t kLongestName = 64;

// These become parts of a URL's path as they stand.
bool is_path_at_vault(std::string_view path) {
    const auto segments = split(path, '/');
    return std::ranges::all_of(path,
                               [](char c) {
                                   return c > ' ' && c <= '~' &&
                                          !std::string_view("?#%\\\"<>").contains(c);
                               }) &&
           std::ranges::none_of(segments, [](const std::string& segment) {
               return segment.empty() || segment == "." || segment == "..";
           });
}

std::string read_mount(const Section& certificate) {
    const auto written = certificate.required_text("mount");
    auto mount = without_outer_slashes(written);
    if (!written.empty() && !is_path_at_vault(mount)) {
        certificate.report(certificate.mark_of("mount"),
                           quoted(written) + " is no mount path",
                           "write it without v1/, as in kluster/pki");
    }
    return mount;
}

std::string read_pki_role(const Section& certificate) {
    auto role = certificate.required_text("role");
    if (!role.empty() && (!is_path_at_vault(role) || role.contains('/'))) {
        certificate.report(certificate.mark_of("role"), quoted(role) + " is no name of a PKI role");
    }
    return role;
}

std::optional<unsigned> read_bits(const Section& certificate) {
    const auto written = certificate.text("key_bits");
    if (!written) {
        return std::nullopt;
    }
    unsigned bits = 0;
    const auto* end = written->data() + written->size();
    const auto [stop, error] = std::from_chars(written->data(), end, bits);
    if (error != std::errc{} || stop != end) {
        certificate.report(certificate.mark_of("key_bits"),
                           quoted(*written) + " is no number of bits");
        return std::nullopt;
    }
    return bits;
}

std::optional<x509::KeyKind> read_key_kind(const Section& certificate, Method method) {
    const auto type = certificate.choice("key_type", kKeyTypeChoices);
    const auto bits = read_bits(certificate);
    if (certificate.has("key_bits") && !certificate.has("key_type")) {
        certificate.diagnostics().add_absence(certificate.mark_of("key_bits"),
                                              Remark{.what = "'key_bits' without 'key_type'"});
    }
    if (!type) {
        return method == Method::sign ? std::optional(x509::KeyKind{}) : std::nullopt;
    }
    const x509::KeyKind kind{.type = *type, .bits = bits.value_or(x509::default_bits(*type))};
    if (!x509::is_supported(kind)) {
        certificate.report(certificate.mark_of("key_bits"),
                           std::string(x509::to_string(*type)) + " keys have no " +
                               std::to_string(kind.bits) + " bits",
                           "rsa has 2048, 3072 or 4096, ec 256, 384 or 521, ed25519 none");
    }
    return kind;
}

// A key that nobody keeps serves nobody, and one that Vault makes is new each time.
void check_key_use(const Section& certificate, const CertificateSpec& spec) {
    if (spec.rekey == Rekey::never && spec.method == Method::issue) {
        certificate.report(certificate.mark_of("rekey"),
                           "'rekey: never' with method 'issue': Vault makes a new key each time",
                           "use method: sign");
    } else if (spec.method == Method::sign && !spec.files.key) {
        const auto* key = certificate.has("method") ? "method" : "files";
        certificate.diagnostics().add_absence(
            certificate.mark_of(key),
            Remark{.what = "method 'sign' without a 'key' file: the key would be lost"});
    }
}

void read_ttl(const Section& certificate, const RenewalPolicy& policy, CertificateSpec& spec) {
    spec.ttl = certificate.duration("ttl");
    if (const auto why = spec.ttl ? contradiction(policy, *spec.ttl) : std::nullopt) {
        certificate.report(certificate.mark_of("ttl"), *why);
    }
}

std::string read_directory(const Section& certificate) {
    if (!certificate.has("directory")) {
        certificate.report_missing(certificate.title() + " has no 'directory'");
    }
    auto directory = certificate.path("directory");
    if (directory == "/") {
        certificate.report(certificate.mark_of("directory"), "'/' is no directory for files");
    }
    return directory;
}

template <class Id>
void read_account(const Section& certificate,
                  std::string_view key,
                  const Result<Id>& account,
                  Id& id) {
    if (account) {
        id = *account;
    } else {
        certificate.diagnostics().add(certificate.mark_of(key), account.error());
    }
}

Ownership read_ownership(const Section& certificate, Accounts& accounts) {
    Ownership ownership;
    if (const auto owner = certificate.text("owner")) {
        read_account(certificate, "owner", accounts.user(*owner), ownership.uid);
    }
    if (const auto group = certificate.text("group")) {
        read_account(certificate, "group", accounts.group(*group), ownership.gid);
    }
    return ownership;
}

Auth read_certificate_auth(const Section& certificate, const VaultAccess& vault) {
    const auto* written = certificate.find("auth");
    if (written == nullptr) {
        return vault.auth;
    }
    const Section auth(
        written, written->mark, certificate.title() + "'s auth", certificate.diagnostics());
    return read_auth(auth, vault);
}

}  // namespace

bool is_certificate_name(std::string_view name) {
    const auto is_alphanumeric = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    };
    return !name.empty() && name.size() <= kLongestName && is_alphanumeric(name.front()) &&
           std::ranges::all_of(name, [&](char c) {
               return is_alphanumeric(c) || std::string_view("._-").contains(c);
           });
}

CertificateSpec read_certificate(const Entry& entry, const Surroundings& around) {
    const Section certificate(
        &entry.value, entry.mark, "certificate " + quoted(entry.key), around.diagnostics);
    if (!is_certificate_name(entry.key)) {
        certificate.report(entry.mark,
                           quoted(entry.key) + " is no name for a certificate",
                           "write up to 64 of a-z, 0-9, '.', '_' and '-', a letter or digit first");
    }
    CertificateSpec spec;
    spec.name = entry.key;
    spec.mount = read_mount(certificate);
    spec.pki_role = read_pki_role(certificate);
    spec.auth = read_certificate_auth(certificate, around.vault);
    spec.method = certificate.choice("method", kMethodChoices).value_or(spec.method);
    spec.key = read_key_kind(certificate, spec.method);
    spec.rekey = certificate.choice("rekey", kRekeyChoices).value_or(spec.rekey);
    spec.names = read_names(certificate);
    spec.organization = certificate.texts("organization");
    spec.usages = read_usages(certificate);
    read_ttl(certificate, around.renewal, spec);
    spec.directory = read_directory(certificate);
    spec.ownership = read_ownership(certificate, around.accounts);
    spec.files = read_files(certificate);
    spec.consumers = read_consumers(certificate);
    spec.position = to_position(entry.mark);
    check_key_use(certificate, spec);
    return spec;
}

}  // namespace install_cert::role
