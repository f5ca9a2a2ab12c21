// SPDX-License-Identifier: Apache-2.0
#include "renewal/schedule.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <variant>

#include "x509/digest.h"

namespace install_cert::renewal {
namespace {

std::chrono::seconds share_of(std::chrono::seconds length, double share) {
    return std::chrono::seconds{
        static_cast<std::int64_t>(static_cast<double>(length.count()) * share)};
}

WallTime wished(const role::RenewalPolicy& policy, const Lifetime& lifetime) {
    if (const auto* share = std::get_if<role::ShareOfLifetime>(&policy.at)) {
        return lifetime.received + share_of(lifetime.not_after - lifetime.received, share->share);
    }
    return lifetime.not_after - std::get<role::BeforeExpiry>(policy.at).lead;
}

}  // namespace

double host_share(std::string_view machine_id, std::string_view purpose) {
    std::string seed(machine_id);
    seed += '\n';
    seed += purpose;
    const std::string digest = x509::sha256_hex(seed);
    std::uint64_t bits = 0;
    constexpr std::size_t hex_digits_of_a_double = 13;  // 52 bits
    (void)std::from_chars(digest.data(), digest.data() + hex_digits_of_a_double, bits, 16);
    return static_cast<double>(bits) / static_cast<double>(std::uint64_t{1} << 52U);
}

WallTime due_at(const role::RenewalPolicy& policy, const Lifetime& lifetime, double share) {
    using namespace std::chrono_literals;
    const std::chrono::seconds length = lifetime.not_after - lifetime.received;
    const WallTime spread_out = wished(policy, lifetime) - share_of(length, policy.spread * share);
    const WallTime latest = length >= 1h ? lifetime.not_after - 10min : lifetime.not_after;
    const WallTime earliest = lifetime.received + length / 10;
    return std::clamp(spread_out, std::min(earliest, latest), latest);
}

WallTime last_tenth(const Lifetime& lifetime) {
    return lifetime.not_after - (lifetime.not_after - lifetime.received) / 10;
}

WallTime after_trust_lead(WallTime now, std::chrono::seconds lead, const Lifetime& old_leaf) {
    return std::max(now, std::min(now + lead, last_tenth(old_leaf)));
}

}  // namespace install_cert::renewal
