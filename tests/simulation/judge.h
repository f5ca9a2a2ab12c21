// SPDX-License-Identifier: Apache-2.0
// The promises, checked after every event of a host's life. It reckons for itself, from what it
// sees of the world; what the product thinks is never asked.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/host.h"

namespace install_cert::simulation {

// A promise that was broken, and where.
struct Violation {
    std::string what;
};

// How long the world must have been in order before the daemon is blamed: the longest back-off (5
// min and a tenth), two turns at their time-out, and consumers that hang in one of them.
inline constexpr Millis kPatience = 15 * kMinute;
// More where the hour's budget was spent.
inline constexpr Millis kBudgetWindow = kHour;

class Judge final : public Observer, public VaultWatch {
  public:
    explicit Judge(Host& host);

    // Observer
    void time_passed() override;
    void disturbed(std::string_view what) override;
    void turn_begins(const supervisor::TurnOrder& order) override;
    void turn_ended(const agent::TurnReport& report) override;
    void turn_killed() override;
    void reload_failed(const std::string& consumer) override;
    // VaultWatch
    void asked(const std::string& name) override;
    void issued(const std::string& name) override;

    void looked_up() override {}

    void cared_for_token() override {}

    void throttled(const std::string& name, std::chrono::seconds retry_after) override;

    // After every event.
    void check();

    // Budgets may begin anew: the clock was set, the state lost.
    void reset_budgets();

    // The last things that happened, oldest first.
    [[nodiscard]] std::vector<std::string> history() const;

    // Whether what happens is written down, and printed.
    bool records = false;
    bool trace = false;

  private:
    struct Issue {
        Millis at;
        bool exempt;
    };

    struct Certificate {
        std::deque<Issue> issues{};
        std::deque<Millis> asks{};
        std::string boot_asked{};  // the boot whose turn has asked for it
        bool exempt = false;       // what this turn asks for it
        Millis throttled_until = 0;
        std::shared_ptr<const StoredSet> before{};  // this turn
    };

    struct Debt {
        std::optional<Millis> since{};
    };

    void note(std::string_view what, std::string detail = {});
    [[noreturn]] void object(const std::string& what) const;
    [[nodiscard]] bool can_write() const;
    [[nodiscard]] bool fair() const;
    [[nodiscard]] bool fair_but_for_the_token() const;
    [[nodiscard]] std::string moment() const;
    [[nodiscard]] std::string text_of(const agent::TurnReport& report) const;
    void check_token();
    void check_sets();
    // Within an hour of the time that all has been well since.
    [[nodiscard]] bool budget_was_spent(const Certificate& known) const;
    void check_debts();
    void check_agenda();
    void check_budget(const std::string& name, Certificate& known);
    void check_pace();
    void check_asks(const std::string& name, const Certificate& known) const;
    void check_quiet();
    void check_waits(const agent::TurnReport& report) const;
    void check_outcome(const agent::Outcome& outcome);

    Host& host_;
    std::map<std::string, Certificate> certificates_;
    std::vector<Debt> debts_;
    // Of each consumer, the tries since the last disturbance that nobody asked for.
    std::map<std::string, std::deque<Millis>> failed_reloads_;
    std::deque<Millis> resets_;
    std::deque<Millis> turns_;
    std::deque<Millis> disturbances_;
    std::deque<Millis> asks_;
    std::deque<std::string> history_;
    supervisor::TurnOrder order_;
    Millis unfair_at_ = 0;
    // How long all was well before the token ended.
    Millis fair_to_token_ = 0;
    Millis disturbed_at_ = 0;
};

}  // namespace install_cert::simulation
