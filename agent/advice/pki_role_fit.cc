// SPDX-License-Identifier: Apache-2.0
#include "agent/advice/pki_role_fit.h"

#include <fnmatch.h>

#include <algorithm>

#include "foundation/text.h"

namespace install_cert::agent {
namespace {

bool ends_below(std::string_view name, std::string_view domain) {
    return name.size() > domain.size() + 1 && name.ends_with(domain) &&
           name[name.size() - domain.size() - 1] == '.';
}

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::ranges::all_of(label, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

// What enforce_hostnames asks of a name in lower case: of an address, of its part behind the @.
bool is_host_name(const std::string& name) {
    std::string_view host = std::string_view(name).substr(name.find('@') + 1);
    if (host.starts_with("*.")) {
        host.remove_prefix(2);
    }
    return std::ranges::all_of(split(host, '.'), is_label);
}

bool allows_name(const vault::PkiRole& role, const std::string& name) {
    if (role.enforce_hostnames && !is_host_name(name)) {
        return false;
    }
    if (role.allow_any_name ||
        (role.allow_localhost && (name == "localhost" || name == "localdomain"))) {
        return true;
    }
    const bool wildcard = name.starts_with("*.");
    if (wildcard && !role.allow_wildcard_certificates) {
        return false;
    }
    const std::string bare = wildcard ? name.substr(2) : name;
    return std::ranges::any_of(role.allowed_domains, [&](const std::string& allowed) {
        const std::string domain = to_lower(allowed);
        if (role.allow_bare_domains && name == domain) {
            return true;
        }
        if (role.allow_subdomains && (ends_below(bare, domain) || (wildcard && bare == domain))) {
            return true;
        }
        return role.allow_glob_domains && domain.contains('*') &&
               ::fnmatch(domain.c_str(), name.c_str(), 0) == 0;
    });
}

void judge_names(std::vector<std::string>& misfits,
                 const role::CertificateSpec& spec,
                 const vault::PkiRole& role) {
    std::vector<std::string> names = spec.names.dns;
    if (!spec.names.common_name.empty()) {
        names.insert(names.begin(), to_lower(spec.names.common_name));
    }
    for (const std::string& name : names) {
        if (!allows_name(role, name)) {
            misfits.push_back("does not allow the name " + printable(name));
        }
    }
    if (!spec.names.ip.empty() && !role.allow_ip_sans) {
        misfits.emplace_back("does not allow IP SANs");
    }
    for (const std::string& uri : spec.names.uri) {
        const bool allowed =
            std::ranges::any_of(role.allowed_uri_sans, [&](const std::string& pattern) {
                return ::fnmatch(pattern.c_str(), uri.c_str(), 0) == 0;
            });
        if (!allowed) {
            misfits.push_back("does not allow the URI " + printable(uri));
        }
    }
}

void judge_usages(std::vector<std::string>& misfits,
                  const role::CertificateSpec& spec,
                  const vault::PkiRole& role) {
    if (spec.usages) {
        for (const x509::Usage usage : *spec.usages) {
            if (usage == x509::Usage::server && !role.server_flag) {
                misfits.emplace_back("issues no server certificates (server_flag)");
            }
            if (usage == x509::Usage::client && !role.client_flag) {
                misfits.emplace_back("issues no client certificates (client_flag)");
            }
        }
    }
    if (spec.organization) {
        auto wanted = *spec.organization;
        auto granted = role.organization;
        std::ranges::sort(wanted);
        std::ranges::sort(granted);
        if (wanted != granted) {
            misfits.push_back("grants O=" + (granted.empty() ? "(none)" : join(granted, ",")) +
                              ", expected O=" + (wanted.empty() ? "(none)" : join(wanted, ",")));
        }
    }
}

// A `sign` may bring more bits than the PKI role says; of `any` type their number does not count.
void judge_key(std::vector<std::string>& misfits,
               const role::CertificateSpec& spec,
               const vault::PkiRole& role) {
    const bool signs = spec.method == role::Method::sign;
    if (role.key_type == "any") {
        if (!signs) {
            misfits.emplace_back("has key_type any, which Vault refuses for 'issue'");
        }
        return;
    }
    if (!spec.key) {
        return;
    }
    if (role.key_type != x509::to_string(spec.key->type)) {
        misfits.push_back("has key_type " + printable(role.key_type) + ", the configuration " +
                          std::string(x509::to_string(spec.key->type)));
    } else if (role.key_bits > spec.key->bits || (!signs && role.key_bits != spec.key->bits)) {
        misfits.push_back("has key_bits " + std::to_string(role.key_bits) + ", the configuration " +
                          std::to_string(spec.key->bits));
    }
}

}  // namespace

std::vector<std::string> misfits(const role::CertificateSpec& spec,
                                 const vault::PkiRole& pki_role) {
    std::vector<std::string> result;
    judge_names(result, spec, pki_role);
    judge_usages(result, spec, pki_role);
    judge_key(result, spec, pki_role);
    if (spec.ttl && pki_role.max_ttl.count() != 0 && *spec.ttl > pki_role.max_ttl) {
        result.push_back("shortens the ttl of " + to_human(*spec.ttl) + " to its max_ttl of " +
                         to_human(pki_role.max_ttl));
    }
    return result;
}

}  // namespace install_cert::agent
