// SPDX-License-Identifier: Apache-2.0
#include "agent/advice/policy.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>

#include "agent/turn/token_care.h"
#include "foundation/text.h"
#include "role/variables.h"
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
    bool subdomains = false;
    bool globs = false;
    bool server = false;
    bool client = false;
    std::vector<const role::CertificateSpec*> certificates;
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

// What tells this host's names from its neighbours': its addresses as a label has them, and its
// name.
std::set<std::string> own_words(const role::Role& role, const std::string& hostname) {
    std::set<std::string> own;
    for (const role::CertificateSpec& spec : role.certificates) {
        std::ranges::transform(spec.names.ip, std::inserter(own, own.end()), role::dashed);
    }
    if (const std::string label = hostname.substr(0, hostname.find('.')); !label.empty()) {
        own.insert(label);
    }
    return own;
}

bool is_part_of_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Where `word` stands by itself in `text`.
std::size_t find_word(std::string_view text, std::string_view word) {
    for (std::size_t at = text.find(word); at != std::string_view::npos;
         at = text.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        if ((at == 0 || !is_part_of_word(text[at - 1])) &&
            (end == text.size() || !is_part_of_word(text[end]))) {
            return at;
        }
    }
    return std::string_view::npos;
}

// A name of one host, made one of every host that shares the PKI role: its domain, or a pattern
// where it has none. A name that is nothing but the host's stays as it is.
std::string widened(PkiRoleNeeds& needs,
                    const std::string& name,
                    const std::set<std::string>& own) {
    const std::size_t dot = name.find('.');
    const std::string label = name.substr(0, dot);
    for (const std::string& word : own) {
        const std::size_t at = find_word(label, word);
        if (at == std::string::npos) {
            continue;
        }
        if (dot != std::string::npos) {
            needs.subdomains = true;
            return name.substr(dot + 1);
        }
        if (word != name) {
            needs.globs = true;
            return name.substr(0, at) + "*" + name.substr(at + word.size());
        }
    }
    return name;
}

void add_domain(PkiRoleNeeds& needs, std::string name, const std::set<std::string>& own) {
    if (name.starts_with("*.")) {
        needs.wildcard = needs.subdomains = true;
        name = name.substr(2);
    }
    if (!name.empty()) {
        needs.domains.insert(widened(needs, name, own));
    }
}

std::map<std::pair<std::string, std::string>, PkiRoleNeeds> needs_of(const role::Role& role,
                                                                     const std::string& hostname) {
    const std::set<std::string> own = own_words(role, hostname);
    std::map<std::pair<std::string, std::string>, PkiRoleNeeds> roles;
    for (const role::CertificateSpec& spec : role.certificates) {
        PkiRoleNeeds& needs = roles[{spec.mount, spec.pki_role}];
        needs.certificates.push_back(&spec);
        add_domain(needs, spec.names.common_name, own);
        std::ranges::for_each(spec.names.dns,
                              [&](const std::string& name) { add_domain(needs, name, own); });
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

// nullopt: of any type. The bits are the least that a `sign` may bring, and what an `issue` gets.
std::optional<x509::KeyKind> key_kind(const PkiRoleNeeds& needs) {
    std::vector<x509::KeyKind> brought;
    std::vector<x509::KeyKind> issued;
    bool issues = false;
    for (const role::CertificateSpec* const spec : needs.certificates) {
        issues = issues || spec->method == role::Method::issue;
        if (spec->key) {
            (spec->method == role::Method::sign ? brought : issued).push_back(*spec->key);
        }
    }
    if (brought.empty()) {
        return issued.empty() ? x509::KeyKind{.type = x509::KeyType::rsa, .bits = 2048}
                              : issued.front();
    }
    x509::KeyKind least = brought.front();
    for (const x509::KeyKind& kind : brought) {
        if (kind.type == least.type) {
            least.bits = std::min(least.bits, kind.bits);
        } else if (!issues) {
            return std::nullopt;  // which Vault refuses for an `issue`
        }
    }
    return least;
}

// Of those that ask for a key that the PKI role will not have.
std::string key_comments(const PkiRoleNeeds& needs, const std::optional<x509::KeyKind>& kind) {
    std::string text;
    for (const role::CertificateSpec* const spec : needs.certificates) {
        const bool fits = !spec->key || !kind ||
                          (spec->method == role::Method::sign ? spec->key->type == kind->type
                                                              : *spec->key == *kind);
        if (!fits) {
            text += "# '" + spec->name + "' asks for a key of " + x509::to_string(*spec->key) +
                    ", which the others do not allow: it needs a PKI role of its own\n";
        }
    }
    return text;
}

std::string key_settings(const std::optional<x509::KeyKind>& kind) {
    return kind ? "key_type=" + std::string(x509::to_string(kind->type)) +
                      " key_bits=" + std::to_string(kind->bits)
                : "key_type=any";
}

std::string pki_role_command(const std::pair<std::string, std::string>& where,
                             const PkiRoleNeeds& needs) {
    const std::string path = quoted(where.first + "/roles/" + where.second);
    const auto kind = key_kind(needs);
    std::string text = key_comments(needs, kind) + "if vault read " + path +
                       " >/dev/null 2>&1; then\n    echo " + path +
                       "' is there and stays as it is: it must allow what is asked for here' >&2\n"
                       "else vault write " +
                       path + " \\\n";
    const auto setting = [&](const std::string& name, const std::string& value) {
        if (!value.empty()) {
            text += "    " + name + "=" + quoted(value) + " \\\n";
        }
    };
    setting("allowed_domains", comma_list(needs.domains));
    text += "    allow_bare_domains=true allow_subdomains=" + yes(needs.subdomains) +
            " allow_glob_domains=" + yes(needs.globs) +
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
    text += "    " + key_settings(kind) +
            " no_store=false max_ttl=" + std::to_string(needs.max_ttl.count()) + "s\nfi\n";
    return text;
}

// Who logs in: the certificates that one token, or one login, asks for.
struct Bearer {
    const role::Auth* auth;
    std::string policy;
    std::vector<const role::CertificateSpec*> certificates{};

    [[nodiscard]] bool has_token() const { return auth->method == role::AuthMethod::token; }
};

// What tells the bearers of one host apart, as a policy's name may be written.
std::string suffix_of(const role::Auth& auth) {
    std::string name = auth.method == role::AuthMethod::token
                           ? std::filesystem::path(token_source(auth)).stem().string()
                           : auth.mount + (auth.role.empty() ? "" : "-" + auth.role);
    std::ranges::replace_if(
        name,
        [](char c) {
            const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            return !is_letter && !(c >= '0' && c <= '9') && c != '_';
        },
        '-');
    return name;
}

bool is_same(const role::Auth& a, const role::Auth& b) {
    const bool tokens = a.method == role::AuthMethod::token && b.method == a.method;
    return tokens ? token_source(a) == token_source(b) : a == b;
}

// Each with a policy of its own, so that a token that got lost opens no mount but its own.
std::vector<Bearer> bearers_of(const role::Role& role) {
    std::vector<Bearer> bearers;
    for (const role::CertificateSpec& spec : role.certificates) {
        auto bearer = std::ranges::find_if(
            bearers, [&](const Bearer& known) { return is_same(*known.auth, spec.auth); });
        if (bearer == bearers.end()) {
            bearer = bearers.insert(bearers.end(), {.auth = &spec.auth, .policy = {}});
        }
        bearer->certificates.push_back(&spec);
    }
    const std::string base = "install-cert" + (role.cluster.empty() ? "" : "-" + role.cluster) +
                             (role.name.empty() ? "" : "-" + role.name);
    std::set<std::string> taken;
    for (Bearer& bearer : bearers) {
        const std::string name = bearers.size() == 1 ? base : base + "-" + suffix_of(*bearer.auth);
        bearer.policy = name;
        for (int count = 2; !taken.insert(bearer.policy).second; ++count) {
            bearer.policy = name + "-" + std::to_string(count);
        }
    }
    return bearers;
}

std::string policy_command(const Bearer& bearer) {
    std::set<std::string> paths;
    std::set<std::string> mounts;
    for (const role::CertificateSpec* const spec : bearer.certificates) {
        paths.insert(vault::issuing_path(*spec));
        mounts.insert(spec->mount);
    }
    std::string text = "vault policy write " + quoted(bearer.policy) + " - <<'POLICY'\n";
    for (const std::string& path : paths) {
        text += policy_stanza(path, "update");
    }
    // The default policy would grant these too, with much else.
    text += policy_stanza("auth/token/lookup-self", "read");
    text += policy_stanza("auth/token/renew-self", "update");
    text += policy_stanza("sys/capabilities-self", "update");
    text += "# Only for 'install-cert remove --revoke'; it revokes what others were issued, too:\n";
    for (const std::string& mount : mounts) {
        text += "# " + policy_stanza(mount + "/revoke", "update");
    }
    return text + "POLICY\n\n";
}

std::string token_command(const Bearer& bearer) {
    if (!bearer.has_token()) {
        return "# a login at auth/" + bearer.auth->mount + ": give its role the policy " +
               bearer.policy + "\n";
    }
    return "# a token that lives as long as it is renewed, for " + token_source(*bearer.auth) +
           " (mode 0600)\nvault token create -field=token -orphan -period=768h "
           "-no-default-policy -policy=" +
           quoted(bearer.policy) + "\n";
}

}  // namespace

std::string policy_script(const role::Role& role, const std::string& hostname) {
    const std::vector<Bearer> bearers = bearers_of(role);
    std::string text =
        "# What this configuration needs of Vault. 'bao' takes the same commands.\n"
        "# Hosts share PKI roles: this host's names are widened to its domain, so that the others' "
        "are allowed, too.\n";
    for (const Bearer& bearer : bearers) {
        text += policy_command(bearer);
    }
    for (const auto& [where, needs] : needs_of(role, hostname)) {
        text += pki_role_command(where, needs) + "\n";
    }
    for (const Bearer& bearer : bearers) {
        text += token_command(bearer);
    }
    return text;
}

}  // namespace install_cert::agent
