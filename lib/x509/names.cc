// SPDX-License-Identifier: Apache-2.0
// The rules for names that are asked for, and the form in which names are compared.
#include "x509/names.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "foundation/text.h"

namespace install_cert::x509 {
namespace {

constexpr std::size_t kLongestCommonName = 64;  // RFC 5280, ub-common-name
constexpr std::size_t kLongestDnsName = 253;    // RFC 1035, without the root's dot
constexpr std::size_t kLongestLabel = 63;

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_printable_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= kLongestLabel && label.front() != '-' &&
           label.back() != '-' &&
           std::ranges::all_of(label, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

// As inet_ntop(3) writes it; nullopt for text that is no address.
std::optional<std::string> canonical_address(const std::string& text) {
    if (text.find('\0') != std::string::npos) {
        return std::nullopt;
    }
    std::array<char, INET6_ADDRSTRLEN> written{};
    in_addr v4{};
    in6_addr v6{};
    if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
        return inet_ntop(AF_INET, &v4, written.data(), written.size());
    }
    if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) {
        return std::nullopt;
    }
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
        std::memcpy(&v4, &v6.s6_addr[12], sizeof v4);
        return inet_ntop(AF_INET, &v4, written.data(), written.size());
    }
    return inet_ntop(AF_INET6, &v6, written.data(), written.size());
}

std::string without_root_dot(std::string name) {
    // One alone is the root; of more, each ends an empty label, which is told of as it stands.
    if (name.ends_with('.') && !name.ends_with("..")) {
        name.pop_back();
    }
    return name;
}

// Each of these says why a value is none of its kind; nullptr when it is one.

const char* objection_to_dns(const std::string& value) {
    if (canonical_address(value)) {
        return "is an address, not a DNS name";
    }
    const std::string whole = without_root_dot(value);
    if (whole.size() > kLongestDnsName) {
        return "is longer than 253 bytes";
    }
    std::string_view name = whole;
    if (name.starts_with("*.")) {
        name.remove_prefix(2);
    }
    return std::ranges::all_of(split(name, '.'), is_label) ? nullptr : "is not a DNS name";
}

const char* objection_to_ip(const std::string& value) {
    return canonical_address(value) ? nullptr : "is not an IP address";
}

const char* objection_to_uri(const std::string& value) {
    const std::size_t colon = value.find(':');
    const std::string_view scheme = std::string_view(value).substr(0, colon);
    const bool has_scheme =
        colon != std::string::npos && colon + 1 < value.size() && !scheme.empty() &&
        is_alphanumeric(scheme.front()) && (scheme.front() < '0' || scheme.front() > '9') &&
        std::ranges::all_of(
            scheme, [](char c) { return is_alphanumeric(c) || c == '+' || c == '-' || c == '.'; });
    if (!has_scheme) {
        return "is not a URI with a scheme";
    }
    return value.find(' ') == std::string::npos ? nullptr : "is not a URI: it has a space";
}

const char* objection_to_email(const std::string& value) {
    const std::size_t at = value.find('@');
    const bool is_address = at != std::string::npos && at != 0 && at + 1 < value.size() &&
                            value.find('@', at + 1) == std::string::npos &&
                            value.find(' ') == std::string::npos;
    return is_address ? nullptr : "is not an e-mail address";
}

const char* objection_to_common_name(const std::string& value) {
    return value.size() <= kLongestCommonName
               ? nullptr
               : "is longer than the 64 bytes that a common name may have (RFC 5280)";
}

using Objection = const char* (*)(const std::string&);

void examine(const std::string& value, Objection objection, std::vector<std::string>& wrong) {
    const char* why = is_printable_ascii(value)
                          ? objection(value)
                          : "has bytes outside printable ASCII (write a DNS name in punycode)";
    if (why != nullptr) {
        wrong.push_back("'" + printable(value) + "' " + why);
    }
}

void sort_out(std::vector<std::string>& list) {
    std::ranges::sort(list);
    const auto repeated = std::ranges::unique(list);
    list.erase(repeated.begin(), repeated.end());
}

}  // namespace

Names in_normal_form(Names names) {
    for (std::string& name : names.dns) {
        name = to_lower(without_root_dot(std::move(name)));
    }
    for (std::string& address : names.ip) {
        address = canonical_address(address).value_or(address);
    }
    for (std::string& uri : names.uri) {
        const std::size_t colon = std::min(uri.find(':'), uri.size());
        uri.replace(0, colon, to_lower(uri.substr(0, colon)));
    }
    for (auto* list : {&names.dns, &names.ip, &names.uri, &names.email}) {
        sort_out(*list);
    }
    return names;
}

Result<Names> normalized(Names names) {
    const std::array<std::pair<const std::vector<std::string>*, Objection>, 4> lists{
        {{&names.dns, objection_to_dns},
         {&names.ip, objection_to_ip},
         {&names.uri, objection_to_uri},
         {&names.email, objection_to_email}}};
    std::vector<std::string> wrong;
    examine(names.common_name, objection_to_common_name, wrong);
    for (const auto& [list, objection] : lists) {
        for (const std::string& value : *list) {
            examine(value, objection, wrong);
        }
    }
    if (!wrong.empty()) {
        return fail(Failure::config, join(wrong, "; "));
    }
    return in_normal_form(std::move(names));
}

}  // namespace install_cert::x509
