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

std::chrono::seconds retry_delay(unsigned retries, double random) {
    constexpr std::int64_t cap = 60;
    const std::int64_t full = std::min(cap, std::int64_t{1} << std::min(retries, 6U));
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
    if (running_) {
        std::erase(running_->waiting, waiting);
    }
}

TurnOrder Agenda::take_renewal() {
    TurnOrder order{.cause = Cause::renew, .names = {}, .waiting = std::exchange(waiting_, {})};
    if (!renew_all_) {
        order.names.assign(names_.begin(), names_.end());
    }
    renew_pending_ = false;
    renew_all_ = false;
    names_.clear();
    return order;
}

TurnOrder Agenda::take_again() {
    const Cause cause = *std::exchange(again_, std::nullopt);
    return cause == Cause::renew ? take_renewal()
                                 : TurnOrder{.cause = cause, .names = {}, .waiting = {}};
}

// Before its time the start is the same turn as a reload's or a clock step's, and reads the files.
Cause Agenda::take_early(Cause cause) {
    return std::exchange(timer_cause_, Cause::timer) == Cause::start ? Cause::start : cause;
}

std::optional<TurnOrder> Agenda::take(WallTime now) {
    if (running_) {
        return std::nullopt;
    }
    TurnOrder order;
    if (again_) {
        // What is asked for meanwhile waits as long: a worker that dies must not be started by a
        // storm of requests. A clock that was set makes the time to wait for meaningless.
        if (now < next_wake_ && !std::exchange(clock_, false)) {
            return std::nullopt;
        }
        order = take_again();
    } else if (std::exchange(reload_, false)) {
        order.cause = take_early(Cause::reload);
    } else if (renew_pending_) {
        order = take_renewal();
    } else if (std::exchange(clock_, false)) {
        order.cause = take_early(Cause::clock);
    } else if (now >= next_wake_) {
        order.cause = std::exchange(timer_cause_, Cause::timer);
    } else {
        return std::nullopt;
    }
    running_ = order;
    return order;
}

// A wish joins those that came meanwhile.
void Agenda::retry(TurnOrder order) {
    again_ = order.cause;
    if (order.cause == Cause::renew) {
        renew_pending_ = true;
        renew_all_ = renew_all_ || order.names.empty();
        names_.insert(order.names.begin(), order.names.end());
        waiting_.insert(waiting_.begin(), order.waiting.begin(), order.waiting.end());
    }
}

std::vector<int> Agenda::finished(const std::optional<TurnReport>& report,
                                  WallTime now,
                                  double random) {
    TurnOrder order = *std::exchange(running_, std::nullopt);
    deaths_ = report ? 0 : deaths_ + 1;
    if (report && !report->again) {
        retries_ = 0;
        const WallTime wake =
            std::clamp(report->next_wake, now + kShortestSleep, now + kLongestSleep);
        // A renewal before the start does not put it off.
        next_wake_ = timer_cause_ == Cause::start ? std::min(first_, wake) : wake;
        return order.waiting;
    }
    next_wake_ = now + retry_delay(retries_++, random);
    if (order.cause == Cause::renew && deaths_ >= kDeathsOfAWish) {
        again_ = Cause::timer;
        return order.waiting;
    }
    retry(std::move(order));
    return {};
}

}  // namespace install_cert::supervisor
