// SPDX-License-Identifier: Apache-2.0
// Reads names one by one, so that each bad one is told with its place.
#include "role/read_names.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "role/diagnostics.h"
#include "role/document.h"
#include "role/role.h"
#include "role/section.h"
#include "x509/names.h"

namespace install_cert::role {
namespace {

constexpr std::array kUsages{
    Choice{"server", x509::Usage::server},
    Choice{"client", x509::Usage::client},
};
constexpr std::span<const Choice<x509::Usage>> kUsageChoices = kUsages;

bool is_address(const std::string& text) {
    in6_addr address{};
    return ::inet_pton(AF_INET, text.c_str(), &address) == 1 ||
           ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

void append(std::vector<std::string>& all, std::vector<std::string>&& more) {
    std::ranges::move(more, std::back_inserter(all));
}

// Adds what `one` holds to `names` if it is sound.
void add(const Section& certificate, const Node& node, x509::Names one, x509::Names& names) {
    auto sound = x509::normalized(std::move(one));
    if (!sound) {
        certificate.report(node.mark, sound.error().what, sound.error().way_out);
        return;
    }
    if (!sound->common_name.empty()) {
        names.common_name = std::move(sound->common_name);
    }
    append(names.dns, std::move(sound->dns));
    append(names.ip, std::move(sound->ip));
    append(names.uri, std::move(sound->uri));
    append(names.email, std::move(sound->email));
}

void read_alt_name(const Section& certificate, const Node& node, x509::Names& names) {
    if (is_address(node.text)) {
        certificate.report(
            node.mark, quoted(node.text) + " is an address", "it belongs in 'ip_sans'");
    } else if (node.text.contains('@')) {
        add(certificate, node, {.email = {node.text}}, names);
    } else {
        add(certificate, node, {.dns = {node.text}}, names);
    }
}

template <class Read>
bool for_each(const Section& certificate, std::string_view key, Read read) {
    const auto items = certificate.list(key);
    for (const auto* item : items.value_or(std::vector<const Node*>{})) {
        read(*item);
    }
    return certificate.has(key) && (!items || certificate.find(key)->items.size() > 0);
}

}  // namespace

x509::Names read_names(const Section& certificate) {
    x509::Names names;
    const auto* common_name = certificate.find("common_name");
    if (certificate.text("common_name")) {
        add(certificate, *common_name, {.common_name = common_name->text}, names);
    }
    bool any = certificate.has("common_name");
    any |= for_each(certificate, "alt_names", [&](const Node& node) {
        read_alt_name(certificate, node, names);
    });
    any |= for_each(certificate, "ip_sans", [&](const Node& node) {
        add(certificate, node, {.ip = {node.text}}, names);
    });
    any |= for_each(certificate, "uri_sans", [&](const Node& node) {
        add(certificate, node, {.uri = {node.text}}, names);
    });
    if (!any) {
        certificate.report_missing(certificate.title() + " asks for no name at all");
    }
    return x509::normalized(names).value_or(names);
}

std::optional<std::vector<x509::Usage>> read_usages(const Section& certificate) {
    const auto items = certificate.list("usages");
    if (!items) {
        return std::nullopt;
    }
    std::vector<x509::Usage> usages;
    for (const auto* item : *items) {
        if (const auto usage = certificate.choose("usages", *item, kUsageChoices)) {
            usages.push_back(*usage);
        }
    }
    std::ranges::sort(usages);
    const auto [first, last] = std::ranges::unique(usages);
    usages.erase(first, last);
    return usages;
}

}  // namespace install_cert::role
