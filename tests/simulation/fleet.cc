// SPDX-License-Identifier: Apache-2.0
#include "simulation/fleet.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "simulation/weather.h"

namespace install_cert::simulation {
namespace {

using namespace std::chrono_literals;

// What arrives at Vault: certificates asked for, and looks at its CA.
class Rates final : public VaultWatch {
  public:
    // Whose requests are counted next, at its time.
    void listen_to(const Host& host) { host_ = &host; }

    void asked(const std::string&) override { count(asked_); }

    void issued(const std::string&) override { ++issued_; }

    void looked_up() override { count(looked_); }

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
    // worst minute after the first hour; of looks at the CA in the worst minute after it.
    std::uint64_t per_second;
    std::uint64_t per_minute;
    std::uint64_t later_per_minute;
    std::uint64_t later_looks_per_minute;
};

constexpr std::array<Plan, 4> kPlans{{
    // The power of a data centre comes back: on_boot always, 0 to 20 s, six certificates each.
    {"boot", 6, 720h, 1h, 6 * kHour, true, 0, 4'500, 60'000, 60, 1'300},
    // The same, and Vault comes up ten minutes later.
    {"outage", 6, 720h, 1h, 3 * kHour, true, 10 * kMinute, 4'500, 60'000, 60, 2'000},
    // A month from then on; the CA is looked at once a day.
    {"month", 2, 720h, 24h, 31 * kDay, true, 0, 4'500, 20'000, 120, 120},
    // Certificates of a day, from nothing, for two days: everybody asks at once.
    {"short", 1, 24h, 6h, 2 * kDay, false, 0, 10'000, 10'000, 250, 400},
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
        const auto asked = rates_.asked_since(kBirth + plan_.vault_comes_after);
        const auto looked = rates_.looked_since(kBirth + plan_.vault_comes_after);
        std::uint64_t turns = 0;
        bool complete = true;
        for (const auto& host : hosts_) {
            turns += host->counts.turns;
            for (const role::CertificateSpec& spec : host->role.certificates) {
                const auto home = host->disk.homes.find(spec.name);
                complete = complete && home != host->disk.homes.end() && home->second.current &&
                           home->second.current->set.provenance.boot_id == host->boot_id();
            }
        }
        const auto length = static_cast<double>(plan_.lasts / kSecond);
        std::printf(
            "fleet %s: %zu hosts, %zu certificates of %ld h each, %.1f days: certificates %llu/s "
            "and "
            "%llu/min at the worst, %llu/min after the first hour, %.2f/s on average; looks at the "
            "CA "
            "%llu/s, %llu/min, %llu/min, %.2f/s; %llu turns, %.1f s of CPU\n",
            plan_.name,
            hosts_.size(),
            plan_.certificates,
            static_cast<long>(plan_.ttl.count() / 3600),
            length / 86400,
            ull(asked.second),
            ull(asked.minute),
            ull(asked.later_minute),
            static_cast<double>(asked.all) / length,
            ull(looked.second),
            ull(looked.minute),
            ull(looked.later_minute),
            static_cast<double>(looked.all) / length,
            ull(turns),
            seconds);
        bool good = within("certificates a second", asked.second, plan_.per_second);
        good = within("certificates a minute", asked.minute, plan_.per_minute) && good;
        good = within("certificates a minute, later", asked.later_minute, plan_.later_per_minute) &&
               good;
        good = within("looks a minute, later", looked.later_minute, plan_.later_looks_per_minute) &&
               good;
        if (!complete) {
            std::printf("fleet %s: VIOLATION: not every certificate was renewed since the boot\n",
                        plan_.name);
        }
        return good && complete;
    }

  private:
    static unsigned long long ull(std::uint64_t value) { return value; }

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

bool run_fleets(std::string_view name, std::uint64_t hosts) {
    bool good = true;
    for (const Plan& plan : kPlans) {
        if (!name.empty() && name != plan.name) {
            continue;
        }
        const double begin = cpu_seconds();
        Fleet fleet(plan, hosts);
        fleet.live();
        good = fleet.judge(cpu_seconds() - begin) && good;
    }
    return good;
}

}  // namespace install_cert::simulation
