// SPDX-License-Identifier: Apache-2.0
#include "agent/supervisor/agenda.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace install_cert::supervisor {
namespace {

// A report may ask for no sleep at all only by mistake: a turn a second is the most there will be.
constexpr std::chrono::seconds kShortestSleep{1};
// Hand-made changes on disk are noticed within a day.
constexpr std::chrono::seconds kLongestSleep = std::chrono::days{1};

std::chrono::seconds delay_after_death(unsigned deaths, double random) {
    constexpr std::int64_t cap = 60;
    const std::int64_t full = std::min(cap, std::int64_t{1} << std::min(deaths, 6U));
    return std::chrono::seconds{std::max<std::int64_t>(
        1, static_cast<std::int64_t>(static_cast<double>(full) * (0.5 + random / 2)))};
}

}  // namespace

std::string_view to_string(Cause cause) {
    switch (cause) {
        case Cause::start:
            return "start";
        case Cause::timer:
            return "timer";
        case Cause::clock:
            return "clock";
        case Cause::reload:
            return "reload";
        case Cause::renew:
            return "renew";
    }
    std::unreachable();
}

void Agenda::ask_renewal(const std::vector<std::string>& names, std::optional<int> waiting) {
    renew_pending_ = true;
    renew_all_ = renew_all_ || names.empty();
    names_.insert(names.begin(), names.end());
    if (waiting) {
        waiting_.push_back(*waiting);
    }
}

void Agenda::forget(int waiting) {
    std::erase(waiting_, waiting);
}

std::optional<TurnOrder> Agenda::take(WallTime now) {
    if (running_) {
        return std::nullopt;
    }
    TurnOrder order;
    if (std::exchange(reload_, false)) {
        order.cause = Cause::reload;
    } else if (std::exchange(renew_pending_, false)) {
        order.cause = Cause::renew;
        order.waiting = std::exchange(waiting_, {});
        if (!renew_all_) {
            order.names.assign(names_.begin(), names_.end());
        }
        renew_all_ = false;
        names_.clear();
    } else if (std::exchange(clock_, false)) {
        order.cause = timer_cause_ == Cause::start ? Cause::start : Cause::clock;
        timer_cause_ = Cause::timer;
    } else if (now >= next_wake_) {
        order.cause = std::exchange(timer_cause_, Cause::timer);
    } else {
        return std::nullopt;
    }
    running_ = true;
    return order;
}

void Agenda::finished(const std::optional<TurnReport>& report, WallTime now, double random) {
    running_ = false;
    if (!report) {
        next_wake_ = now + delay_after_death(deaths_++, random);
        return;
    }
    deaths_ = 0;
    next_wake_ = std::clamp(report->next_wake, now + kShortestSleep, now + kLongestSleep);
}

}  // namespace install_cert::supervisor
