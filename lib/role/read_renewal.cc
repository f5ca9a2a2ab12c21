// SPDX-License-Identifier: Apache-2.0
// Reads the renewal policy and checks that it can be followed.
#include "role/read_renewal.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include "foundation/text.h"
#include "role/diagnostics.h"
#include "role/role.h"
#include "role/section.h"

namespace install_cert::role {
namespace {

constexpr std::array kOnBoot{
    Choice{"always", OnBoot::always},
    Choice{"when_due", OnBoot::when_due},
};
constexpr std::span<const Choice<OnBoot>> kOnBootChoices = kOnBoot;
constexpr double kWidestSpread = 0.5;

// "66%" -> 0.66
std::optional<double> parse_share(std::string_view text) {
    if (!text.ends_with('%') || text.find_first_not_of("0123456789.%") != std::string_view::npos) {
        return std::nullopt;
    }
    text.remove_suffix(1);
    double percent = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, percent);
    return error == std::errc{} && stop == end ? std::optional(percent / 100) : std::nullopt;
}

std::optional<BeforeExpiry> parse_before_expiry(std::string_view text) {
    constexpr std::string_view kSuffix = "before expiry";
    if (!text.ends_with(kSuffix)) {
        return std::nullopt;
    }
    text.remove_suffix(kSuffix.size());
    const auto lead = parse_duration(trim(text));
    return lead && lead->count() > 0 ? std::optional(BeforeExpiry{*lead}) : std::nullopt;
}

void read_at(const Section& renewal, RenewalPolicy& policy) {
    const auto written = renewal.text("at");
    if (!written) {
        return;
    }
    if (const auto lead = parse_before_expiry(*written)) {
        policy.at = *lead;
        return;
    }
    const auto share = parse_share(*written);
    if (!share || *share <= 0 || *share >= 1) {
        renewal.report(renewal.mark_of("at"),
                       quoted(*written) + " is no time to renew at",
                       "write a share of the lifetime such as 66%, or 720h before expiry");
        return;
    }
    policy.at = ShareOfLifetime{*share};
}

void read_spread(const Section& renewal, RenewalPolicy& policy) {
    const auto written = renewal.text("spread");
    if (!written) {
        return;
    }
    const auto spread = parse_share(*written);
    if (!spread || *spread > kWidestSpread) {
        renewal.report(renewal.mark_of("spread"),
                       quoted(*written) + " is no spread",
                       "write a share of the lifetime from 0% to 50%");
        return;
    }
    policy.spread = *spread;
}

}  // namespace

RenewalPolicy read_renewal(const Section& renewal, std::vector<std::string>& warnings) {
    RenewalPolicy policy;
    policy.on_boot = renewal.choice("on_boot", kOnBootChoices).value_or(policy.on_boot);
    read_at(renewal, policy);
    read_spread(renewal, policy);
    const auto* share = std::get_if<ShareOfLifetime>(&policy.at);
    if (share != nullptr && policy.spread >= share->share) {
        const auto* key = renewal.has("spread") ? "spread" : "at";
        renewal.report(renewal.mark_of(key),
                       "'spread' reaches back to before the certificate was issued",
                       "keep it below 'at'");
    }
    policy.ca_refresh = renewal.duration("ca_refresh").value_or(policy.ca_refresh);
    policy.ca_lead = renewal.duration("ca_lead").value_or(2 * policy.ca_refresh);
    if (policy.ca_lead < policy.ca_refresh) {
        warnings.push_back("renewal.ca_lead (" + to_human(policy.ca_lead) +
                           ") is shorter than renewal.ca_refresh (" + to_human(policy.ca_refresh) +
                           "): some host may not trust a new CA yet when this one presents its "
                           "leaf");
    }
    return policy;
}

std::optional<std::string> contradiction(const RenewalPolicy& policy, std::chrono::seconds ttl) {
    const auto* before = std::get_if<BeforeExpiry>(&policy.at);
    if (before == nullptr) {
        return std::nullopt;
    }
    const auto seconds = static_cast<double>(ttl.count());
    const auto earliest = static_cast<double>(before->lead.count()) + (policy.spread * seconds);
    if (earliest < seconds) {
        return std::nullopt;
    }
    return "renewal.at (" + to_human(before->lead) +
           " before expiry) and its spread leave nothing "
           "of a lifetime of " +
           to_human(ttl) + ": it would always be due";
}

}  // namespace install_cert::role
