// SPDX-License-Identifier: Apache-2.0
// What the supervisor will do next: signals, requests and the timer in, one turn at a time out.
// Pure.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/supervisor/turn_report.h"
#include "foundation/clock.h"

namespace install_cert::supervisor {

// Why a turn is run: the `--cause` of its worker.
enum class Cause : std::uint8_t { start, timer, clock, reload, renew };

[[nodiscard]] std::string_view to_string(Cause cause);

struct TurnOrder {
    Cause cause = Cause::timer;
    std::vector<std::string> names;  // of a renewal; empty: all
    std::vector<int> waiting;        // who asked for it and waits for its result

    bool operator==(const TurnOrder&) const = default;
};

// So many workers may die of one renewal before it is given up.
inline constexpr unsigned kDeathsOfAWish = 3;

// Coalesces: whatever comes in while a turn runs makes one more turn together, never two.
class Agenda {
  public:
    // The first turn is due at `first`.
    Agenda(Cause cause, WallTime first) : first_(first), next_wake_(first), timer_cause_(cause) {}

    void signal_renew() { renew_all_ = renew_pending_ = true; }

    void signal_reload() { reload_ = true; }

    // A clock step: everything is planned again at once.
    void clock_was_set() { clock_ = true; }

    void ask_renewal(const std::vector<std::string>& names, std::optional<int> waiting);
    // Who gave up waiting, for a turn that runs or for one that is to come.
    void forget(int waiting);

    // The turn to start now, if any; nullopt while one is running. A reload goes before a renewal,
    // so that the renewal follows the new configuration.
    [[nodiscard]] std::optional<TurnOrder> take(WallTime now);

    // The running turn is over. `report` is nullopt when its worker died: the same turn is tried
    // again with back-off, a renewal until it cost kDeathsOfAWish workers in a row. Returns who is
    // to be told the result.
    [[nodiscard]] std::vector<int> finished(const std::optional<TurnReport>& report,
                                            WallTime now,
                                            double random);

    // The turn that runs.
    [[nodiscard]] const std::optional<TurnOrder>& running() const { return running_; }

    // A reload was asked for, and its turn has not begun.
    [[nodiscard]] bool reload_pending() const { return reload_; }

    [[nodiscard]] WallTime next_wake() const { return next_wake_; }

  private:
    void retry(TurnOrder order);
    [[nodiscard]] TurnOrder take_renewal();
    [[nodiscard]] TurnOrder take_again();
    [[nodiscard]] Cause take_early(Cause cause);

    WallTime first_;
    WallTime next_wake_;
    Cause timer_cause_;
    std::optional<TurnOrder> running_;
    std::optional<Cause> again_;  // of the turn that came to nothing; due at next_wake_
    bool renew_pending_ = false;
    bool renew_all_ = false;
    bool reload_ = false;
    bool clock_ = false;
    std::set<std::string> names_;
    std::vector<int> waiting_;
    unsigned deaths_ = 0;   // of workers, in a row
    unsigned retries_ = 0;  // of turns that came to nothing, in a row
};

}  // namespace install_cert::supervisor
