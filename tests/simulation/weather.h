// SPDX-License-Identifier: Apache-2.0
// What befalls a host: a profile and a life full of trouble, drawn from a seed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <string_view>
#include <utility>
#include <vector>

#include "simulation/host.h"
#include "simulation/judge.h"

namespace install_cert::simulation {

// 2026-02-01T00:00:00Z
inline constexpr Millis kBirth = 1'769'904'000 * kSecond;

[[nodiscard]] role::Files files_of(const std::string& name);
[[nodiscard]] role::Role draw_role(Random& random);

class Weather {
  public:
    Weather(Host& host, Judge& judge, std::uint64_t seed);

    // When the next thing happens.
    [[nodiscard]] Millis next() const { return coming_.top().at; }

    // It happens.
    void strike();

    [[nodiscard]] bool is_rough() const { return rarity_ == 1; }

  private:
    struct Coming {
        Millis at;
        std::uint64_t order;  // of two at once, the earlier made
        std::function<void()> happen;

        bool operator>(const Coming& other) const {
            return at != other.at ? at > other.at : order > other.order;
        }
    };

    using Event = void (Weather::*)();

    // Now and then, `mean` apart.
    void expect(Millis mean, Event happen);
    void later(Millis in, std::function<void()> happen);
    // It counts, and is told of.
    void begin(Trouble trouble, std::string_view what);
    void say(std::string_view what);

    // How long somebody takes to mend what is broken: one in five takes his time.
    [[nodiscard]] Millis a_while(Millis mostly, Millis at_most);

    void outage();
    void lost_answers();
    void disk_trouble();
    void consumer_trouble();
    void clock_trouble();
    void new_authority();
    void ending_authority();
    void token_trouble();
    void replace_token();
    void look_at_token();
    void operator_asks();
    void operator_reloads();
    void reboot();
    void restart_service();
    void crash();
    void suspend();
    void damage();

    Host& host_;
    Judge& judge_;
    Random random_;
    std::priority_queue<Coming, std::vector<Coming>, std::greater<>> coming_;
    std::uint64_t events_ = 0;
    Millis rarity_ = 1;  // every trouble is so many times as rare as in a rough life
    std::optional<std::pair<Trouble, Millis>> last_;
    bool vault_busy_ = false;
    bool disk_busy_ = false;
    bool clock_busy_ = false;
    bool down_ = false;
};

}  // namespace install_cert::simulation
