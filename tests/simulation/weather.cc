// SPDX-License-Identifier: Apache-2.0
#include "simulation/weather.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "foundation/text.h"

namespace install_cert::simulation {
namespace {

using namespace std::chrono_literals;

// The share of rough lives; in the others everything is so many times as rare.
constexpr double kRoughLives = 0.15;
constexpr Millis kOrdinaryRarity = 6;

role::Consumer draw_consumer(Random& random, std::size_t which) {
    const bool on_ca = random.chance(0.4);
    role::Consumer consumer{.what = role::UnitConsumer{},
                            .when = on_ca ? role::When::ca_change : role::When::certificate_change};
    if (random.chance(0.2)) {
        consumer.what = role::CommandConsumer{.argv = {"/usr/bin/hook-" + std::to_string(which)}};
    } else {
        consumer.what = role::UnitConsumer{
            .unit = "unit-" + std::to_string(which) + ".service",
            .action = on_ca ? role::UnitAction::restart : role::UnitAction::reload_or_restart};
    }
    return consumer;
}

role::CertificateSpec draw_spec(Random& random, std::size_t which, std::chrono::seconds ttl) {
    role::CertificateSpec spec;
    spec.name = "set" + std::to_string(which);
    spec.mount = random.chance(0.5) ? "pki/a" : "pki/b";
    spec.pki_role = "role";
    spec.auth.token_file = "/etc/token";
    spec.method = random.chance(0.5) ? role::Method::sign : role::Method::issue;
    spec.rekey = spec.method == role::Method::sign && random.chance(0.5) ? role::Rekey::never
                                                                         : role::Rekey::always;
    spec.names.common_name = spec.name;
    spec.ttl = ttl;
    spec.directory = "/etc/certs";
    spec.files = files_of(spec.name);
    const std::size_t consumers = random.next() % 3;
    for (std::size_t i = 0; i < consumers; ++i) {
        spec.consumers.push_back(draw_consumer(random, random.next() % 3));
    }
    return spec;
}

// What starts later reads what lies there then.
bool is_away(ConsumerMood mood) {
    return mood == ConsumerMood::missing || mood == ConsumerMood::stopped;
}

std::string hours(Millis duration) {
    return to_human(std::chrono::seconds{duration / kSecond});
}

}  // namespace

role::Files files_of(const std::string& name) {
    return {.ca = role::File{.name = name + "-ca.pem", .mode = 0644},
            .certificate = role::File{.name = name + ".pem", .mode = 0644},
            .key = role::File{.name = name + "-key.pem", .mode = 0600},
            .response = {}};
}

role::Role draw_role(Random& random) {
    role::Role role;
    role.renewal.on_boot = random.chance(0.75) ? role::OnBoot::always : role::OnBoot::when_due;
    if (random.chance(0.2)) {
        role.renewal.at = role::BeforeExpiry{.lead = random.chance(0.5) ? 720h : 24h};
    }
    role.renewal.spread = random.chance(0.2) ? 0.0 : 0.1;
    role.renewal.ca_refresh =
        random.pick(std::array<std::chrono::seconds, 9>{1h, 6h, 12h, 24h, 24h, 24h, 24h, 24h, 24h});
    role.renewal.ca_lead = 2 * role.renewal.ca_refresh;
    const auto ttl = random.pick(std::array<std::chrono::seconds, 12>{
        10min, 1h, 24h, 24h, 72h, 72h, 720h, 720h, 720h, 720h, 2160h, 2160h});
    const std::size_t certificates = 1 + random.next() % 3;
    for (std::size_t i = 0; i < certificates; ++i) {
        role.certificates.push_back(draw_spec(random, i, ttl));
    }
    return role;
}

Weather::Weather(Host& host, Judge& judge, std::uint64_t seed)
    : host_(host), judge_(judge), random_(seed) {
    rarity_ = random_.chance(kRoughLives) ? 1 : kOrdinaryRarity;
    constexpr std::array<Event, kTroubles.size()> events{&Weather::outage,
                                                         &Weather::lost_answers,
                                                         &Weather::disk_trouble,
                                                         &Weather::consumer_trouble,
                                                         &Weather::clock_trouble,
                                                         &Weather::new_authority,
                                                         &Weather::ending_authority,
                                                         &Weather::token_trouble,
                                                         &Weather::operator_asks,
                                                         &Weather::operator_reloads,
                                                         &Weather::reboot,
                                                         &Weather::restart_service,
                                                         &Weather::crash,
                                                         &Weather::suspend,
                                                         &Weather::damage};
    for (std::size_t i = 0; i < events.size(); ++i) {
        expect(kTroubles[i].mean * rarity_, events[i]);
    }
    expect(kDay, &Weather::look_at_token);
}

void Weather::later(Millis in, std::function<void()> happen) {
    coming_.push({.at = host_.true_now + in, .order = ++events_, .happen = std::move(happen)});
}

void Weather::expect(Millis mean, Event happen) {
    const auto in = static_cast<Millis>(random_.exponential(static_cast<double>(mean))) + 1;
    later(in, [this, mean, happen] {
        (this->*happen)();
        expect(mean, happen);
    });
}

void Weather::strike() {
    const auto happen = coming_.top().happen;
    coming_.pop();
    ++host_.counts.events;
    happen();
}

void Weather::begin(Trouble trouble, std::string_view what) {
    ++host_.counts.troubles[static_cast<std::size_t>(trouble)];
    if (last_ && last_->first != trouble && host_.true_now - last_->second < kHour) {
        ++host_.counts.coinciding;
    }
    last_ = {trouble, host_.true_now};
    say(what);
}

void Weather::say(std::string_view what) {
    judge_.disturbed(what);
}

Millis Weather::a_while(Millis mostly, Millis at_most) {
    return random_.between(kSecond, random_.chance(0.2) ? at_most : mostly);
}

void Weather::outage() {
    if (std::exchange(vault_busy_, true)) {
        return;
    }
    Vault& vault = *host_.vault;
    vault.mood = static_cast<VaultMood>(random_.between(1, 11));
    vault.retry_after.reset();
    if (random_.chance(0.6)) {
        vault.retry_after = std::chrono::seconds{random_.pick(std::array{1, 5, 60, 300})};
    }
    const bool long_one = random_.chance(0.1);
    const auto lasts = static_cast<Millis>(
        random_.exponential(static_cast<double>(long_one ? 2 * kDay : 2 * kHour)));
    begin(
        Trouble::outage,
        "Vault's mood is " + std::to_string(static_cast<int>(vault.mood)) + " for " + hours(lasts));
    later(lasts, [this] {
        host_.vault->mood = VaultMood::serves;
        vault_busy_ = false;
        say("Vault serves");
    });
}

void Weather::lost_answers() {
    host_.vault->loss = 0.5;
    begin(Trouble::lost_answers, "every other answer of Vault is lost");
    later(random_.between(kMinute, kDay), [this] {
        host_.vault->loss = 0;
        say("no answer is lost any more");
    });
}

void Weather::disk_trouble() {
    if (std::exchange(disk_busy_, true)) {
        return;
    }
    host_.disk.mood = static_cast<DiskMood>(random_.between(1, 3));
    const Millis lasts = a_while(3 * kHour, kDay);
    begin(Trouble::disk,
          "the disk's mood is " + std::to_string(static_cast<int>(host_.disk.mood)) + " for " +
              hours(lasts));
    later(lasts, [this] {
        host_.disk.mood = DiskMood::good;
        disk_busy_ = false;
        say("the disk is good");
    });
}

void Weather::consumer_trouble() {
    if (host_.consumers.empty()) {
        return;
    }
    const std::string unit =
        name_of(host_.consumers[random_.next() % host_.consumers.size()].consumer);
    const auto mood = static_cast<ConsumerMood>(random_.between(1, 4));
    const auto set = [this, unit](ConsumerMood to) {
        for (ConsumerLife& life : host_.consumers) {
            if (name_of(life.consumer) != unit) {
                continue;
            }
            const bool was_away = is_away(life.mood);
            life.mood = to;
            if (was_away && !is_away(to)) {
                host_.load(life);
            }
        }
    };
    set(mood);
    begin(Trouble::consumer, unit + " has mood " + std::to_string(static_cast<int>(mood)));
    later(a_while(12 * kHour, 5 * kDay), [this, set, unit] {
        set(ConsumerMood::works);
        say(unit + " works");
    });
}

void Weather::clock_trouble() {
    if (down_ || std::exchange(clock_busy_, true)) {
        return;
    }
    constexpr std::array<Millis, 9> kSteps{40 * kSecond,
                                           3 * kMinute,
                                           7 * kMinute,
                                           kHour,
                                           6 * kHour,
                                           kDay,
                                           20 * kDay,
                                           365 * kDay,
                                           3650 * kDay};
    const Millis by = random_.pick(kSteps) * (random_.chance(0.5) ? 1 : -1);
    judge_.reset_budgets();
    host_.step_clock(by);
    begin(Trouble::clock,
          "the clock is set " + hours(std::abs(by)) + (by < 0 ? " back" : " ahead"));
    later(a_while(6 * kHour, 3 * kDay), [this] {
        clock_busy_ = false;
        judge_.reset_budgets();
        host_.step_clock(0);
        say("the clock is right");
    });
}

void Weather::new_authority() {
    host_.vault->authority = {.number = host_.vault->authority.number + 1,
                              .ends = host_.true_now + 3650 * kDay};
    begin(Trouble::new_authority, "the CA is replaced");
}

// Nobody replaced it in time: what Vault grants gets shorter and shorter.
void Weather::ending_authority() {
    if (host_.vault->authority.ends < host_.true_now + 30 * kDay) {
        return;
    }
    host_.vault->authority.ends = host_.true_now + random_.between(kHour, 3 * kDay);
    begin(Trouble::ending_authority, "the CA is about to end");
    later(host_.vault->authority.ends - host_.true_now + random_.between(-50 * kMinute, 2 * kHour),
          [this] { new_authority(); });
}

void Weather::token_trouble() {
    if (random_.chance(0.5)) {
        host_.token_file.is_there = false;
        begin(Trouble::token, "the token file is gone");
        later(a_while(3 * kHour, kDay), [this] {
            host_.token_file.is_there = true;
            say("the token file is there");
        });
        return;
    }
    host_.vault->token_ends = host_.true_now;
    begin(Trouble::token, "the token is revoked");
    later(a_while(3 * kHour, kDay), [this] { replace_token(); });
}

void Weather::replace_token() {
    ++host_.token_file.version;
    host_.vault->token_ends = host_.true_now + host_.vault->token_period;
    say("the token is replaced");
}

// One that nobody renewed in time, since the host was away for too long.
void Weather::look_at_token() {
    if (host_.vault->token_ends < host_.true_now) {
        replace_token();
    }
}

void Weather::operator_asks() {
    if (!host_.agenda) {
        return;
    }
    const std::int64_t times = random_.chance(0.1) ? 20 : 1;
    for (std::int64_t i = 0; i < times; ++i) {
        if (random_.chance(0.5)) {
            host_.agenda->signal_renew();
        } else {
            host_.agenda->ask_renewal({host_.role.certificates.front().name}, std::nullopt);
        }
        begin(Trouble::operator_renews, "an operator renews");
        host_.run_due_turns();
    }
}

void Weather::operator_reloads() {
    if (!host_.agenda) {
        return;
    }
    if (random_.chance(0.5)) {
        auto& spec = host_.role.certificates.front();
        spec.usages =
            spec.usages ? std::nullopt : std::optional<std::vector<x509::Usage>>{std::in_place};
    }
    host_.agenda->signal_reload();
    begin(Trouble::operator_reloads, "an operator reloads the configuration");
}

void Weather::reboot() {
    if (std::exchange(down_, true)) {
        return;
    }
    host_.power_off();
    if (random_.chance(0.1)) {
        host_.saved = {};  // it is not synced
        judge_.reset_budgets();
    }
    begin(Trouble::reboot, "the host goes down");
    const Millis for_how_long = random_.chance(0.9) ? random_.between(10 * kSecond, 5 * kMinute)
                                                    : random_.between(kHour, 40 * kDay);
    later(for_how_long, [this] {
        down_ = false;
        host_.boot();
        say("the host boots");
    });
}

void Weather::restart_service() {
    const std::int64_t times = random_.chance(0.1) ? random_.between(2, 30) : 1;
    for (std::int64_t i = 0; i < times; ++i) {
        later(i * random_.between(1, 20) * kSecond, [this] {
            if (!down_) {
                host_.stop_service();
                host_.start_service();
                begin(Trouble::service_restart, "the service is restarted");
            }
        });
    }
}

void Weather::crash() {
    host_.kill_after(static_cast<unsigned>(random_.between(0, 30)), random_.chance(0.3));
    if (host_.agenda && random_.chance(0.5)) {
        host_.agenda->signal_renew();
    }
    begin(Trouble::crash, "the next turn will be killed");
}

void Weather::suspend() {
    if (down_) {
        return;
    }
    begin(Trouble::suspend, "the host is suspended");
    host_.pass_to(host_.true_now + random_.between(kMinute, 10 * kDay));
    say("the host wakes");
}

void Weather::damage() {
    auto& homes = host_.disk.homes;
    const auto home = homes.find(host_.role.certificates.front().name);
    if (home == homes.end() || !home->second.current) {
        return;
    }
    if (random_.chance(0.5)) {
        home->second.change(
            [](installation::InstalledSet& set) { set.damage = "its key is missing"; });
        begin(Trouble::damage, "a key is deleted by hand");
    } else {
        home->second.change([](installation::InstalledSet& set) { set.drift = {"a mode"}; });
        begin(Trouble::damage, "a mode is changed by hand");
    }
    later(random_.between(kSecond, kDay), [this] {
        if (host_.agenda) {
            host_.agenda->signal_reload();  // nobody else notices within less than a day
            say("an operator reloads");
        }
    });
}

}  // namespace install_cert::simulation
