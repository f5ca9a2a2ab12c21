// SPDX-License-Identifier: Apache-2.0
#include "simulation/fleet.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "simulation/crowd.h"
#include "simulation/weather.h"

namespace install_cert::simulation {
namespace {

using namespace std::chrono_literals;

// What arrives at Vault: certificates asked for, looks at its CA, and calls about the token.
class Rates final : public VaultWatch {
  public:
    // Whose requests are counted next, at its time.
    void listen_to(const Host& host) { host_ = &host; }

    void asked(const std::string&) override { count(asked_); }

    void issued(const std::string&) override { ++issued_; }

    void looked_up() override { count(looked_); }

    void cared_for_token() override { count(cared_); }

    void throttled(const std::string&, std::chrono::seconds) override {}

    struct Peaks {
        std::uint64_t all = 0;
        std::uint64_t second = 0;
        std::uint64_t minute = 0;
        // The worst minute once the fleet has come up.
        std::uint64_t later_minute = 0;
    };

    [[nodiscard]] Peaks asked_since(Millis begin) const { return peaks(asked_, begin); }

    [[nodiscard]] Peaks looked_since(Millis begin) const { return peaks(looked_, begin); }

    [[nodiscard]] Peaks cared_since(Millis begin) const { return peaks(cared_, begin); }

    [[nodiscard]] std::uint64_t issued() const { return issued_; }

  private:
    using Seconds = std::unordered_map<Millis, std::uint64_t>;

    void count(Seconds& in) const { ++in[host_->true_now / kSecond]; }

    static Peaks peaks(const Seconds& seconds, Millis begin) {
        Peaks found;
        std::unordered_map<Millis, std::uint64_t> minutes;
        for (const auto& [second, count] : seconds) {
            found.all += count;
            found.second = std::max(found.second, count);
            minutes[second / 60] += count;
        }
        for (const auto& [minute, count] : minutes) {
            found.minute = std::max(found.minute, count);
            if (minute * kMinute >= begin + kHour) {
                found.later_minute = std::max(found.later_minute, count);
            }
        }
        return found;
    }

    const Host* host_ = nullptr;
    Seconds asked_;
    Seconds looked_;
    Seconds cared_;
    std::uint64_t issued_ = 0;
};

struct Plan {
    const char* name;
    std::size_t certificates;
    std::chrono::seconds ttl;
    std::chrono::seconds ca_refresh;
    Millis lasts;
    // All of them had valid sets before this boot; else nothing is installed.
    bool had_sets;
    Millis vault_comes_after;
    // Bounds, for a fleet of 10000: of certificates in the worst second and minute, and in the
    // worst minute after the first hour; of looks at the CA in the worst minute after it; of token
    // calls (a look and a renewal each) in the worst second and in that minute.
    std::uint64_t per_second;
    std::uint64_t per_minute;
    std::uint64_t later_per_minute;
    std::uint64_t later_looks_per_minute;
    std::uint64_t token_calls_per_second;
    std::uint64_t later_token_calls_per_minute;
};

constexpr std::array<Plan, 4> kPlans{{
    // The power of a data centre comes back: on_boot always, 0 to 20 s, and then a month; the CA is
    // looked at once a day.
    {"month", 2, 720h, 24h, 31 * kDay, true, 0, 1'300, 21'000, 60, 120, 1'300, 150},
    // Six certificates each, and Vault comes up five minutes later.
    {"outage", 6, 720h, 1h, 3 * kHour, true, 5 * kMinute, 1'600, 60'000, 60, 1'100, 400, 60},
    // The same, and Vault is there.
    {"boot", 6, 720h, 1h, 6 * kHour, true, 0, 3'600, 60'000, 60, 1'100, 1'300, 60},
    // Certificates of a day, from nothing, for two days: everybody asks at once.
    {"short", 1, 24h, 6h, 2 * kDay, false, 0, 10'000, 10'000, 120, 210, 400, 150},
}};

role::Role role_of(const Plan& plan) {
    role::Role role;
    role.renewal.ca_refresh = plan.ca_refresh;
    role.renewal.ca_lead = 2 * plan.ca_refresh;
    for (std::size_t i = 0; i < plan.certificates; ++i) {
        role::CertificateSpec spec;
        spec.name = "set" + std::to_string(i);
        spec.mount = "pki/a";
        spec.pki_role = "role";
        spec.auth.token_file = "/etc/token";
        spec.method = role::Method::sign;
        spec.names.common_name = spec.name;
        spec.ttl = plan.ttl;
        spec.directory = "/etc/certs";
        spec.files = files_of(spec.name);
        role.certificates.push_back(std::move(spec));
    }
    return role;
}

class Fleet {
  public:
    Fleet(const Plan& plan, std::uint64_t size) : plan_(plan) {
        vault_.authority = {.number = 1, .ends = kBirth + 3650 * kDay};
        vault_.token_ends = kBirth + 3650 * kDay;
        vault_.token_period = 3650 * kDay;
        const role::Role role = role_of(plan);
        for (std::uint64_t i = 0; i < size; ++i) {
            hosts_.push_back(
                std::make_unique<Host>(Host::Parts{.role = role,
                                                   .machine_id = "machine-" + std::to_string(i),
                                                   .seed = i + 1,
                                                   .born = plan.had_sets ? kBirth - kDay : kBirth,
                                                   .vault = &vault_}));
        }
    }

    void live() {
        if (plan_.had_sets) {
            for (auto& host : hosts_) {
                host->boot();
                host->run_due_turns();
                host->power_off();
            }
        }
        vault_.mood = plan_.vault_comes_after > 0 ? VaultMood::away : VaultMood::serves;
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
            Host& host = *hosts_[i];
            host.counts = {};
            host.watch = &rates_;
            host.pass_to(kBirth);
            host.boot();
            queue_.push({*host.timer(), i});
        }
        while (!queue_.empty() && queue_.top().first < kBirth + plan_.lasts) {
            const auto [at, which] = queue_.top();
            queue_.pop();
            if (vault_.mood != VaultMood::serves && at >= kBirth + plan_.vault_comes_after) {
                vault_.mood = VaultMood::serves;
            }
            Host& host = *hosts_[which];
            rates_.listen_to(host);
            host.pass_to(at);
            host.run_due_turns();
            queue_.push({std::max(*host.timer(), at + 1), which});
        }
    }

    [[nodiscard]] bool judge(double seconds) const {
        const Millis begin = kBirth + plan_.vault_comes_after;
        const auto asked = rates_.asked_since(begin);
        const auto looked = rates_.looked_since(begin);
        const auto cared = rates_.cared_since(begin);
        std::uint64_t turns = 0;
        bool complete = true;
        for (const auto& host : hosts_) {
            turns += host->counts.turns;
            complete = complete && was_renewed(*host);
        }
        std::printf(
            "fleet %s: %zu hosts, %zu certificates of %ld h each, %.1f days, %llu turns, "
            "%.1f s of CPU\n",
            plan_.name,
            hosts_.size(),
            plan_.certificates,
            static_cast<long>(plan_.ttl.count() / 3600),
            static_cast<double>(plan_.lasts) / static_cast<double>(kDay),
            ull(turns),
            seconds);
        print("certificates", asked);
        print("looks at the CA", looked);
        print("token calls", cared);
        // A renewal is due after 66 % of the lifetime, less a spread of 10 %; routine waits are up
        // to a fifth shorter; a look at the token and its renewal are two calls.
        const std::array<bool, 10> good{
            complete,
            in_all("certificates",
                   asked.all,
                   plan_.certificates,
                   plan_.ttl.count() * kSecond * 56 / 100),
            in_all("looks at the CA", looked.all, 1, plan_.ca_refresh.count() * kSecond * 8 / 10),
            in_all("token calls", cared.all, 2, kDay * 8 / 10),
            within("certificates a second", asked.second, plan_.per_second),
            within("certificates a minute", asked.minute, plan_.per_minute),
            within("certificates a minute, later", asked.later_minute, plan_.later_per_minute),
            within("looks a minute, later", looked.later_minute, plan_.later_looks_per_minute),
            within("token calls a second", cared.second, plan_.token_calls_per_second),
            within("token calls a minute, later",
                   cared.later_minute,
                   plan_.later_token_calls_per_minute)};
        if (!complete) {
            std::printf("fleet %s: VIOLATION: not every certificate was renewed since the boot\n",
                        plan_.name);
        }
        return std::ranges::all_of(good, std::identity{});
    }

  private:
    static unsigned long long ull(std::uint64_t value) { return value; }

    static bool was_renewed(const Host& host) {
        return std::ranges::all_of(host.role.certificates, [&](const role::CertificateSpec& spec) {
            const auto home = host.disk.homes.find(spec.name);
            return home != host.disk.homes.end() && home->second.current &&
                   home->second.current->set.provenance.boot_id == host.boot_id();
        });
    }

    void print(const char* what, const Rates::Peaks& rate) const {
        std::printf(
            "  %-16s worst second %llu, worst minute %llu, worst minute after the first hour "
            "%llu, mean %.2f/s\n",
            what,
            ull(rate.second),
            ull(rate.minute),
            ull(rate.later_minute),
            static_cast<double>(rate.all) * kSecond / static_cast<double>(plan_.lasts));
    }

    // All of them: `each` a host at first, and again not before `every` has passed.
    bool in_all(const char* what, std::uint64_t found, std::uint64_t each, Millis every) const {
        const auto times = static_cast<std::uint64_t>(1 + plan_.lasts / every);
        const std::uint64_t most = hosts_.size() * each * times;
        if (found > most) {
            std::printf("fleet %s: VIOLATION: %llu %s in all, and at most %llu are in order\n",
                        plan_.name,
                        ull(found),
                        what,
                        ull(most));
        }
        return found <= most;
    }

    bool within(const char* what, std::uint64_t found, std::uint64_t bound) const {
        const std::uint64_t scaled = bound * hosts_.size() / 10'000 + 5;
        if (found > scaled) {
            std::printf("fleet %s: VIOLATION: %llu %s, and at most %llu are in order\n",
                        plan_.name,
                        ull(found),
                        what,
                        ull(scaled));
        }
        return found <= scaled;
    }

    using Turn = std::pair<Millis, std::size_t>;

    const Plan& plan_;
    Rates rates_;
    Vault vault_;
    std::vector<std::unique_ptr<Host>> hosts_;
    std::priority_queue<Turn, std::vector<Turn>, std::greater<>> queue_;
};

}  // namespace

bool run_fleets(std::string_view name, std::uint64_t hosts, std::size_t processes) {
    std::vector<const Plan*> plans;
    for (const Plan& plan : kPlans) {
        if (name.empty() || name == plan.name) {
            plans.push_back(&plan);
        }
    }
    const Share sum = in_processes(processes, plans.size(), [&](std::size_t task, Share& share) {
        const double begin = cpu_seconds();
        Fleet fleet(*plans[task], hosts);
        fleet.live();
        share.broken += fleet.judge(cpu_seconds() - begin) ? 0 : 1;
    });
    return !plans.empty() && sum.broken == 0;
}

}  // namespace install_cert::simulation
