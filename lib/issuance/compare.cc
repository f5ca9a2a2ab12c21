// SPDX-License-Identifier: Apache-2.0
#include "issuance/compare.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

#include "foundation/text.h"

namespace install_cert::issuance {
namespace {

constexpr std::size_t kMostNamed = 8;  // so that one line of a log can hold it

using List = std::vector<std::string>;

bool holds(const List& list, const std::string& value) {
    return std::ranges::find(list, value) != list.end();
}

std::string enumerated(List list) {
    if (list.size() > kMostNamed) {
        const std::string rest = std::to_string(list.size() - kMostNamed) + " more";
        list.resize(kMostNamed);
        list.push_back(rest);
    }
    return join(list, ", ");
}

std::string sentence(const List& lacking, const List& extra) {
    std::string text;
    if (!lacking.empty()) {
        text = "lacks " + enumerated(lacking);
    }
    if (!extra.empty()) {
        text += text.empty() ? "has " : " and has ";
        text += enumerated(extra);
        text += extra.size() == 1 ? " that was not asked for" : " that were not asked for";
    }
    return text;
}

// Both lists of one kind of name, for comparison.
struct Kind {
    std::string_view word;
    const List& asked;
    const List& granted;
    const std::string& common_name;  // in this kind's normal form
};

void compare(const Kind& kind, List& lacking, List& extra) {
    const auto named = [&kind](const std::string& value) {
        return std::string(kind.word) + " " + printable(value, 100);
    };
    for (const std::string& name : kind.asked) {
        if (!holds(kind.granted, name)) {
            lacking.push_back(named(name));
        }
    }
    for (const std::string& name : kind.granted) {
        if (!holds(kind.asked, name) && (name != kind.common_name || name.empty())) {
            extra.push_back(named(name));
        }
    }
}

std::string quoted(const List& list) {
    List all;
    for (const std::string& one : list) {
        all.push_back("'" + printable(one, 100) + "'");
    }
    return all.empty() ? "none" : enumerated(all);
}

List sorted(List list) {
    std::ranges::sort(list);
    return list;
}

}  // namespace

std::string deviating_names(const x509::Names& asked, const x509::CertificateFacts& granted) {
    const x509::Names& has = granted.names;
    const auto as_alternative_name = x509::in_normal_form({.common_name = {},
                                                           .dns = {asked.common_name},
                                                           .ip = {asked.common_name},
                                                           .uri = {},
                                                           .email = {}});
    const std::string nothing;
    List lacking;
    List extra;
    if (has.common_name != asked.common_name) {
        const auto one = [](const std::string& name) { return name.empty() ? List{} : List{name}; };
        compare(
            {"common name", one(asked.common_name), one(has.common_name), nothing}, lacking, extra);
    }
    compare({"DNS", asked.dns, has.dns, as_alternative_name.dns.front()}, lacking, extra);
    compare({"IP", asked.ip, has.ip, as_alternative_name.ip.front()}, lacking, extra);
    compare({"URI", asked.uri, has.uri, nothing}, lacking, extra);
    compare({"e-mail", asked.email, has.email, asked.common_name}, lacking, extra);
    extra.insert(extra.end(), granted.other_names.begin(), granted.other_names.end());
    return sentence(lacking, extra);
}

std::string deviating_organization(const role::CertificateSpec& spec,
                                   const x509::CertificateFacts& granted) {
    if (!spec.organization || sorted(*spec.organization) == sorted(granted.organization)) {
        return {};
    }
    return "has the organization " + quoted(granted.organization) + " instead of " +
           quoted(*spec.organization);
}

std::string deviating_usages(const role::CertificateSpec& spec,
                             const x509::CertificateFacts& granted) {
    if (!spec.usages) {
        const bool is_fit = !granted.has_usages || !granted.usages.empty();
        return is_fit ? "" : "allows neither server nor client authentication";
    }
    const auto holds_usage = [](const std::vector<x509::Usage>& usages, x509::Usage usage) {
        return std::ranges::find(usages, usage) != usages.end();
    };
    constexpr std::array kinds{std::pair{x509::Usage::server, "the extended key usage server"},
                               std::pair{x509::Usage::client, "the extended key usage client"}};
    List lacking;
    List extra;
    for (const auto& [usage, word] : kinds) {
        const bool is_asked = holds_usage(*spec.usages, usage);
        const bool is_granted = holds_usage(granted.usages, usage);
        if (is_asked && !is_granted) {
            lacking.emplace_back(word);
        } else if (is_granted && !is_asked) {
            extra.emplace_back(word);
        }
    }
    return sentence(lacking, extra);
}

}  // namespace install_cert::issuance
