// SPDX-License-Identifier: Apache-2.0
// Vault API: /secret/pki (generate certificate and key, sign certificate, read role, revoke).
#include "vault/pki_messages.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "foundation/text.h"
#include "vault/answer.h"
#include "vault/http_fields.h"
#include "vault/json_text.h"

namespace install_cert::vault {
namespace {

// Vault's alt_names take DNS names and e-mail addresses alike, as one comma-separated text.
std::string alt_names(const x509::Names& names) {
    std::vector<std::string> all = names.dns;
    all.insert(all.end(), names.email.begin(), names.email.end());
    return join(all, ",");
}

std::string_view verb(role::Method method) {
    return method == role::Method::sign ? "sign" : "issue";
}

Result<std::vector<x509::Certificate>> read_authorities(const JsonObject& data,
                                                        AuthorityReader& reader) {
    std::vector<std::string_view> texts = data.texts("ca_chain");
    if (texts.empty()) {
        texts.push_back(data.text("issuing_ca").value_or(""));
    }
    std::vector<x509::Certificate> authorities;
    for (const std::string_view text : texts) {
        if (text.empty()) {
            return fail(Failure::rejected, "the answer has neither ca_chain nor issuing_ca");
        }
        if (auto read = reader.read(text, authorities); !read) {
            return while_doing("the answer's CA certificates", read.error());
        }
        if (authorities.size() > kAuthoritiesLimit) {
            return fail(Failure::rejected, "the answer's ca_chain is too long");
        }
    }
    return authorities;
}

Result<x509::PrivateKey> read_key(const JsonObject& data) {
    const auto pem = data.text("private_key");
    if (!pem || pem->empty()) {
        return fail(Failure::rejected, "the answer has no data.private_key");
    }
    auto key = x509::PrivateKey::from_pem(*pem);
    if (!key) {
        return while_doing("the answer's private_key", key.error());
    }
    return key;
}

// Names go into the request and into the CSR, since the PKI role decides which of the two counts.
// Vault warns about the one that does not.
std::vector<std::string> remarks(const JsonObject& root) {
    std::vector<std::string> lines = warnings(root);
    std::erase_if(lines, [](const std::string& line) { return line.contains("\"use_csr_"); });
    return lines;
}

std::vector<std::string> owned(const std::vector<std::string_view>& texts) {
    return {texts.begin(), texts.end()};
}

}  // namespace

std::string issuing_path(const role::CertificateSpec& spec) {
    return plain_path({spec.mount, verb(spec.method), spec.pki_role});
}

// private_key_format is not sent: its default (traditional PEM) is what `vault write` has put into
// kube-bundle.certs until now, and the key file is written in our own form anyway.
HttpRequest issuing_request(const role::CertificateSpec& spec, std::string_view csr) {
    JsonText body;
    body.add("csr", csr)
        .add("common_name", spec.names.common_name)
        .add("alt_names", alt_names(spec.names))
        .add("ip_sans", join(spec.names.ip, ","))
        .add("uri_sans", spec.names.uri)
        .add("ttl", spec.ttl ? std::to_string(spec.ttl->count()) + "s" : "")
        .add("format", "pem");
    return {.verb = Verb::post,
            .path = api_path({spec.mount, verb(spec.method), spec.pki_role}),
            .body = body.finish(),
            .resend = spec.method == role::Method::sign ? Resend::once : Resend::never};
}

Result<> AuthorityReader::read(std::string_view pem, std::vector<x509::Certificate>& into) {
    auto known = known_.find(pem);
    if (known == known_.end()) {
        auto parsed = x509::Certificate::all_from_pem(pem, kAuthoritiesLimit);
        if (!parsed) {
            return std::unexpected(parsed.error());
        }
        known = known_.emplace(std::string(pem), std::move(*parsed)).first;
    }
    std::ranges::transform(
        known->second, std::back_inserter(into), [](const auto& each) { return each.clone(); });
    return {};
}

Result<issuance::IssuedMaterial> read_material(const Json& answer,
                                               std::optional<x509::PrivateKey> key,
                                               AuthorityReader& authorities) {
    const JsonObject data = answer.root().object("data");
    const auto certificate = data.text("certificate");
    auto issuers = read_authorities(data, authorities);
    std::vector<std::string> said = remarks(answer.root());
    if (const auto sound = answer.sound(); !sound) {
        return std::unexpected(sound.error());
    }
    if (!certificate || certificate->empty()) {
        return fail(Failure::rejected, "the answer has no data.certificate");
    }
    auto leaf = x509::Certificate::from_pem(*certificate);
    if (!leaf) {
        return while_doing("the answer's certificate", leaf.error());
    }
    if (!issuers) {
        return std::unexpected(issuers.error());
    }
    if (!key) {
        auto made = read_key(data);
        if (const auto sound = answer.sound(); !sound) {
            return std::unexpected(sound.error());
        }
        if (!made) {
            return std::unexpected(made.error());
        }
        key = std::move(*made);
    }
    return issuance::IssuedMaterial{.leaf = std::move(*leaf),
                                    .authorities = std::move(*issuers),
                                    .key = std::move(*key),
                                    .response = {},
                                    .warnings = std::move(said)};
}

Result<PkiRole> read_pki_role(const Json& answer) {
    const JsonObject data = answer.root().object("data");
    const PkiRole defaults;
    const auto flag = [&](std::string_view key, bool otherwise) {
        return data.flag(key).value_or(otherwise);
    };
    PkiRole role{
        .allowed_domains = owned(data.texts("allowed_domains")),
        .organization = owned(data.texts("organization")),
        .key_type = std::string(data.text("key_type").value_or("")),
        .key_bits = static_cast<unsigned>(
            std::clamp<std::int64_t>(data.number("key_bits").value_or(0), 0, 65536)),
        .max_ttl = data.duration("max_ttl").value_or(defaults.max_ttl),
        .allow_any_name = flag("allow_any_name", defaults.allow_any_name),
        .allow_bare_domains = flag("allow_bare_domains", defaults.allow_bare_domains),
        .allow_subdomains = flag("allow_subdomains", defaults.allow_subdomains),
        .allow_glob_domains = flag("allow_glob_domains", defaults.allow_glob_domains),
        .allow_wildcard_certificates =
            flag("allow_wildcard_certificates", defaults.allow_wildcard_certificates),
        .allow_localhost = flag("allow_localhost", defaults.allow_localhost),
        .allow_ip_sans = flag("allow_ip_sans", defaults.allow_ip_sans),
        .enforce_hostnames = flag("enforce_hostnames", defaults.enforce_hostnames),
        .server_flag = flag("server_flag", defaults.server_flag),
        .client_flag = flag("client_flag", defaults.client_flag),
        .allowed_uri_sans = owned(data.texts("allowed_uri_sans")),
    };
    if (const auto sound = answer.sound(); !sound) {
        return std::unexpected(sound.error());
    }
    if (role.key_type.empty()) {
        return fail(Failure::rejected, "the answer describes no PKI role");
    }
    return role;
}

HttpRequest revocation_request(std::string_view mount, std::string_view serial) {
    JsonText body;
    body.add("serial_number", serial);
    return {.verb = Verb::post,
            .path = api_path({mount, "revoke"}),
            .body = body.finish(),
            .resend = Resend::once};
}

}  // namespace install_cert::vault
