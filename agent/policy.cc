// SPDX-License-Identifier: Apache-2.0
#include "agent/policy.h"

#include <algorithm>
#include <map>
#include <set>

#include "agent/token_care.h"
#include "foundation/text.h"
#include "vault/pki_messages.h"

namespace install_cert::agent {
namespace {

std::string quoted(const std::string& text) {
    std::string result = "'";
    for (const char c : text) {
        result += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return result + "'";
}

std::string policy_stanza(const std::string& path, const std::string& capability) {
    return "path \"" + path + "\" { capabilities = [\"" + capability + "\"] }\n";
}

// The certificates that one PKI role answers, merged: the role must allow what any of them asks.
struct PkiRoleNeeds {
    std::set<std::string> domains;
    std::set<std::string> organization;
    std::set<std::string> uris;
    bool ip = false;
    bool wildcard = false;
    bool server = false;
    bool client = false;
    bool bare_only = true;
    const role::CertificateSpec* first = nullptr;
    std::chrono::seconds max_ttl{0};
};

void add_usages(PkiRoleNeeds& needs, const role::CertificateSpec& spec) {
    if (!spec.usages) {
        needs.server = needs.client = true;
        return;
    }
    for (const x509::Usage usage : *spec.usages) {
        (usage == x509::Usage::server ? needs.server : needs.client) = true;
    }
}

void add_domain(PkiRoleNeeds& needs, std::string name) {
    if (name.starts_with("*.")) {
        needs.wildcard = true;
        name = name.substr(2);
    }
    if (!name.empty()) {
        needs.domains.insert(std::move(name));
    }
}

std::map<std::pair<std::string, std::string>, PkiRoleNeeds> needs_of(const role::Role& role) {
    std::map<std::pair<std::string, std::string>, PkiRoleNeeds> roles;
    for (const role::CertificateSpec& spec : role.certificates) {
        PkiRoleNeeds& needs = roles[{spec.mount, spec.pki_role}];
        needs.first = needs.first == nullptr ? &spec : needs.first;
        add_domain(needs, spec.names.common_name);
        std::ranges::for_each(spec.names.dns,
                              [&](const std::string& name) { add_domain(needs, name); });
        needs.uris.insert(spec.names.uri.begin(), spec.names.uri.end());
        needs.ip = needs.ip || !spec.names.ip.empty();
        if (spec.organization) {
            needs.organization.insert(spec.organization->begin(), spec.organization->end());
        }
        add_usages(needs, spec);
        needs.max_ttl = std::max(needs.max_ttl, spec.ttl.value_or(std::chrono::hours{720}));
    }
    return roles;
}

std::string comma_list(const std::set<std::string>& values) {
    return join(std::vector<std::string>(values.begin(), values.end()), ",");
}

std::string yes(bool value) {
    return value ? "true" : "false";
}

std::string key_settings(const role::CertificateSpec& spec) {
    if (spec.method == role::Method::sign && !spec.key) {
        return "key_type=any";
    }
    const x509::KeyKind key =
        spec.key.value_or(x509::KeyKind{.type = x509::KeyType::rsa, .bits = 2048});
    return "key_type=" + std::string(x509::to_string(key.type)) +
           " key_bits=" + std::to_string(key.bits);
}

std::string pki_role_command(const std::pair<std::string, std::string>& where,
                             const PkiRoleNeeds& needs) {
    std::string text = "vault write " + quoted(where.first + "/roles/" + where.second) + " \\\n";
    const auto setting = [&](const std::string& name, const std::string& value) {
        if (!value.empty()) {
            text += "    " + name + "=" + quoted(value) + " \\\n";
        }
    };
    setting("allowed_domains", comma_list(needs.domains));
    text += "    allow_bare_domains=true allow_subdomains=" + yes(needs.wildcard) +
            " allow_wildcard_certificates=" + yes(needs.wildcard) + " \\\n";
    // Names such as system:node:HOST are no host names.
    text += "    enforce_hostnames=" +
            yes(std::ranges::none_of(needs.domains,
                                     [](const std::string& name) {
                                         return name.contains(':') || name.contains(' ') ||
                                                !name.contains('.');
                                     })) +
            " allow_localhost=false allow_ip_sans=" + yes(needs.ip) + " \\\n";
    setting("allowed_uri_sans", comma_list(needs.uris));
    setting("organization", comma_list(needs.organization));
    text += "    server_flag=" + yes(needs.server) + " client_flag=" + yes(needs.client) +
            " code_signing_flag=false email_protection_flag=false \\\n";
    text += "    " + key_settings(*needs.first) +
            " no_store=false max_ttl=" + std::to_string(needs.max_ttl.count()) + "s\n";
    return text;
}

std::string token_commands(const role::Role& role, const std::string& policy_name) {
    std::set<std::string> sources;
    for (const role::CertificateSpec& spec : role.certificates) {
        if (spec.auth.method == role::AuthMethod::token) {
            sources.insert(token_source(spec.auth));
        }
    }
    std::string text;
    for (const std::string& source : sources) {
        text += "# a token that lives as long as it is renewed, for " + source + " (mode 0600)\n";
        text += "vault token create -field=token -orphan -period=768h -no-default-policy -policy=" +
                quoted(policy_name) + "\n";
    }
    if (sources.empty()) {
        text += "# logins are not by token: give the auth role the policy " + policy_name + "\n";
    }
    return text;
}

}  // namespace

std::string policy_script(const role::Role& role) {
    const std::string name = "install-cert" + (role.cluster.empty() ? "" : "-" + role.cluster) +
                             (role.name.empty() ? "" : "-" + role.name);
    std::set<std::string> paths;
    std::ranges::transform(
        role.certificates, std::inserter(paths, paths.end()), vault::issuing_path);
    std::string text = "# What this configuration needs of Vault. 'bao' takes the same commands.\n";
    text += "vault policy write " + quoted(name) + " - <<'POLICY'\n";
    for (const std::string& path : paths) {
        text += policy_stanza(path, "update");
    }
    // The default policy would grant these too, with much else.
    text += policy_stanza("auth/token/lookup-self", "read");
    text += policy_stanza("auth/token/renew-self", "update");
    text += policy_stanza("sys/capabilities-self", "update");
    text += "POLICY\n\n";
    for (const auto& [where, needs] : needs_of(role)) {
        text += pki_role_command(where, needs) + "\n";
    }
    return text + token_commands(role, name);
}

}  // namespace install_cert::agent
