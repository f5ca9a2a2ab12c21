// SPDX-License-Identifier: Apache-2.0
// Lives of hosts in hostile weather, and fleets, in virtual time: `simulation --help`.
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/crowd.h"
#include "simulation/fleet.h"
#include "simulation/judge.h"
#include "simulation/weather.h"

using namespace install_cert::simulation;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kHelp =
    "simulation: the daemon's deciding half in virtual time, with every promise checked after "
    "each\n"
    "event. Without options: what CI runs.\n"
    "  --seed N              the first host's seed (1)\n"
    "  --hosts N             so many hosts, with the seeds after it\n"
    "  --years N             how long each lives (1)\n"
    "  --jobs N              in so many processes (one for each processor)\n"
    "  --times               print what each host cost\n"
    "  --trace               print everything that happens\n"
    "  --fleet NAME          a fleet alone: month, outage, boot, short\n"
    "  --fleet-hosts N       its size (10000)\n"
    "  --no-fleet            hosts alone\n"
    "  --expect-violation    exit 0 when a promise is broken, and 1 when none is: for mutants\n";

struct Wishes {
    std::uint64_t seed = 1;
    std::uint64_t hosts = 3300;
    std::uint64_t years = 1;
    std::uint64_t fleet_hosts = 10'000;
    std::string fleet;
    bool fleets = true;
    bool lives = true;
    std::uint64_t jobs = processors();
    bool times = false;
    bool trace = false;
    bool expect_violation = false;
};

// Hosts that renew often have as many renewals in a shorter life, and those that look at their CA
// every hour as many looks.
Millis lifetime_of(const install_cert::role::Role& role, std::uint64_t years) {
    using namespace install_cert;
    const auto ttl = *role.certificates.front().ttl;
    const auto* const early = std::get_if<role::BeforeExpiry>(&role.renewal.at);
    const auto renewal = early != nullptr ? std::max(ttl / 10, ttl - early->lead) : ttl * 2 / 3;
    const auto life = std::min({std::chrono::seconds{365 * 24h},
                                300 * std::chrono::seconds{renewal},
                                800 * role.renewal.ca_refresh});
    return static_cast<Millis>(years) * life.count() * kSecond;
}

enum class Record : std::uint8_t { nothing, everything };

struct Life {
    std::string objection;  // empty: every promise was kept
    std::vector<std::string> history;
    Counts counts;
};

Life live(std::uint64_t seed, const Wishes& wishes, Record record) {
    Random random(seed * 0x9e3779b9U + 1);
    Vault vault{.authority = {.number = 1, .ends = kBirth + 3650 * kDay}};
    vault.token_ends = kBirth + vault.token_period;
    Host host({.role = draw_role(random),
               .machine_id = "machine-" + std::to_string(seed),
               .seed = random.next(),
               .born = kBirth,
               .vault = &vault});
    Judge judge(host);
    judge.records = record == Record::everything;
    judge.trace = wishes.trace;
    host.observer = &judge;
    host.watch = &judge;
    const Millis end = kBirth + lifetime_of(host.role, wishes.years);
    Life life;
    bool rough = false;
    try {
        Weather weather(host, judge, random.next());
        rough = weather.is_rough();
        host.boot();
        judge.disturbed("the host boots for the first time");
        while (host.true_now < end) {
            const auto timer = host.timer();
            if (timer && *timer <= weather.next()) {
                host.pass_to(*timer);
            } else {
                host.pass_to(weather.next());
                judge.check();
                weather.strike();
            }
            host.run_due_turns();
            judge.check();
        }
    } catch (const Violation& violation) {
        life.objection = violation.what;
    }
    life.history = judge.history();
    life.counts = host.counts;
    life.counts.lived_rough = rough ? host.counts.lived : 0;
    return life;
}

// Lives it once more, and tells of it this time.
void tell(std::uint64_t seed, const Wishes& wishes) {
    const Life life = live(seed, wishes, Record::everything);
    std::printf("seed %llu: VIOLATION\n", static_cast<unsigned long long>(seed));
    for (const std::string& line : life.history) {
        std::printf("  %s\n", line.c_str());
    }
    std::printf("%s\nreplay: simulation --seed %llu --hosts 1 --years %llu --no-fleet --trace\n",
                life.objection.c_str(),
                static_cast<unsigned long long>(seed),
                static_cast<unsigned long long>(wishes.years));
}

double years(Millis time) {
    return static_cast<double>(time) / static_cast<double>(365 * kDay);
}

void tell(const Share& sum, std::uint64_t seed) {
    const Counts& counts = sum.counts;
    std::printf(
        "hosts: %zu from seed %llu on, %.1f host-years (%.1f of them rough), %.1f s of CPU\n",
        sum.done,
        static_cast<unsigned long long>(seed),
        years(counts.lived),
        years(counts.lived_rough),
        sum.seconds);
    const auto line = [](std::uint64_t count, std::string_view what) {
        std::printf("%10llu %.*s\n",
                    static_cast<unsigned long long>(count),
                    static_cast<int>(what.size()),
                    what.data());
    };
    line(counts.turns, "turns");
    line(counts.killed, "of them killed midway");
    line(counts.asked, "requests for a certificate");
    line(counts.issued, "certificates made");
    line(counts.lookups, "looks at a CA");
    line(counts.token_calls, "token calls");
    line(counts.reloads, "reloads");
    for (std::size_t i = 0; i < kTroubles.size(); ++i) {
        line(counts.troubles[i], kTroubles[i].name);
    }
    line(counts.coinciding, "of these troubles within an hour of one of another kind");
}

bool run_lives(const Wishes& wishes) {
    const Share sum = in_processes(wishes.jobs, wishes.hosts, [&](std::size_t task, Share& share) {
        const std::uint64_t seed = wishes.seed + task;
        const double begin = cpu_seconds();
        const Life life = live(seed, wishes, wishes.trace ? Record::everything : Record::nothing);
        share.counts += life.counts;
        if (!life.objection.empty()) {
            ++share.broken;
            tell(seed, wishes);
        } else if (wishes.times) {
            std::printf("seed %llu: %llu turns, %llu requests, %.2f s\n",
                        static_cast<unsigned long long>(seed),
                        static_cast<unsigned long long>(life.counts.turns),
                        static_cast<unsigned long long>(life.counts.asked),
                        cpu_seconds() - begin);
        }
    });
    tell(sum, wishes.seed);
    return sum.broken == 0;
}

std::uint64_t number(const char* text) {
    std::uint64_t value = 0;
    const std::string_view all = text == nullptr ? "" : text;
    (void)std::from_chars(all.data(), all.data() + all.size(), value);
    return value;
}

bool parse(char** arguments, Wishes& wishes) {
    for (char** at = arguments; *at != nullptr; ++at) {
        const std::string_view word = *at;
        const bool takes_value = word == "--seed" || word == "--hosts" || word == "--years" ||
                                 word == "--fleet" || word == "--fleet-hosts" || word == "--jobs";
        if (takes_value && at[1] == nullptr) {
            return false;
        }
        if (word == "--seed") {
            wishes.seed = number(*++at);
        } else if (word == "--hosts") {
            wishes.hosts = number(*++at);
        } else if (word == "--years") {
            wishes.years = number(*++at);
        } else if (word == "--fleet") {
            wishes.fleet = *++at;
            wishes.lives = false;
        } else if (word == "--fleet-hosts") {
            wishes.fleet_hosts = number(*++at);
        } else if (word == "--jobs") {
            wishes.jobs = number(*++at);
        } else if (word == "--times") {
            wishes.times = true;
        } else if (word == "--no-fleet") {
            wishes.fleets = false;
        } else if (word == "--trace") {
            wishes.trace = true;
        } else if (word == "--expect-violation") {
            wishes.expect_violation = true;
        } else {
            return false;
        }
    }
    return true;
}

}  // namespace

int main(int, char** argv) {
    Wishes wishes;
    if (!parse(argv + 1, wishes)) {
        std::printf("%.*s", static_cast<int>(kHelp.size()), kHelp.data());
        return argv[1] != nullptr && std::string_view(argv[1]) == "--help" ? 0 : 64;
    }
    const bool good = (!wishes.lives || wishes.hosts == 0 || run_lives(wishes)) &&
                      (!wishes.fleets || run_fleets(wishes.fleet, wishes.fleet_hosts, wishes.jobs));
    return good != wishes.expect_violation ? 0 : 1;
}
