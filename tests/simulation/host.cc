// SPDX-License-Identifier: Apache-2.0
#include "simulation/host.h"

#include <algorithm>
#include <utility>

#include "agent/turn/candidate.h"
#include "agent/turn/settled_turn.h"
#include "agent/turn/token_care.h"
#include "agent/turn/vault_session.h"
#include "consumers/debts.h"

namespace install_cert::simulation {
namespace {

using namespace std::chrono_literals;
using supervisor::Cause;

// As `install-cert turn` and `install-cert run` have them (agent/commands).
constexpr std::chrono::seconds kTurnTimeout{120};
constexpr std::chrono::minutes kConsumersTimeout{25};
constexpr std::int64_t kBootSpreadMilliseconds = 20'000;

WallTime wall(Millis time) {
    return std::chrono::floor<std::chrono::seconds>(
        std::chrono::sys_time<std::chrono::milliseconds>{std::chrono::milliseconds{time}});
}

// What a process reads that is told of this set.
const std::string& content_for(const role::Consumer& consumer, const StoredSet* set) {
    static const std::string nothing;
    return set == nullptr                                    ? nothing
           : consumer.when == role::When::certificate_change ? set->set.leaf.facts().fingerprint
                                                             : set->trust;
}

}  // namespace

Counts& Counts::operator+=(const Counts& other) {
    lived += other.lived;
    lived_rough += other.lived_rough;
    turns += other.turns;
    asked += other.asked;
    issued += other.issued;
    lookups += other.lookups;
    token_calls += other.token_calls;
    events += other.events;
    reloads += other.reloads;
    killed += other.killed;
    for (std::size_t i = 0; i < troubles.size(); ++i) {
        troubles[i] += other.troubles[i];
    }
    coinciding += other.coinciding;
    return *this;
}

std::string name_of(const role::Consumer& consumer) {
    const auto* unit = std::get_if<role::UnitConsumer>(&consumer.what);
    return unit != nullptr ? unit->unit : std::get<role::CommandConsumer>(consumer.what).argv[0];
}

std::vector<ConsumerLife> consumers_of(const role::Role& role) {
    std::map<std::string, ConsumerLife> all;
    for (const role::CertificateSpec& spec : role.certificates) {
        for (const role::Consumer& consumer : spec.consumers) {
            ConsumerLife& life = all[consumers::acknowledgement_key(consumer)];
            life.consumer = consumer;
            if (life.certificates.empty() || life.certificates.back() != spec.name) {
                life.certificates.push_back(spec.name);
            }
        }
    }
    std::vector<ConsumerLife> lives;
    for (auto& [key, life] : all) {
        lives.push_back(std::move(life));
    }
    return lives;
}

Host::Host(Parts parts)
    : role(std::move(parts.role)),
      machine_id(std::move(parts.machine_id)),
      random(parts.seed),
      vault(parts.vault),
      true_now(parts.born),
      consumers(consumers_of(role)),
      wire_(*vault,
            random,
            *this,
            {.now = [this] { return true_now; },
             .since_boot = [this] { return since_boot(); },
             .pass = [this](Millis by) { pass(by); }}) {
    disk.on_step = [this](const char* where) { step(where); };
}

WallTime Host::now() const {
    return wall(true_now + offset);
}

BootTime Host::since_boot() const {
    return BootTime{true_now - booted_};
}

std::optional<Millis> Host::timer() const {
    if (!agenda) {
        return std::nullopt;
    }
    return std::max(true_now, agenda->next_wake().time_since_epoch().count() * kSecond - offset);
}

void Host::pass(Millis by) {
    true_now += by;
    counts.lived += by;
    if (observer != nullptr) {
        observer->time_passed();
    }
}

void Host::pass_to(Millis then) {
    pass(std::max<Millis>(0, then - true_now));
}

void Host::run_due_turns() {
    while (agenda) {
        const auto order = agenda->take(now());
        if (!order) {
            return;
        }
        run_turn(*order);
    }
}

void Host::boot() {
    is_up = true;
    booted_ = true_now;
    ++boots_;
    for (ConsumerLife& life : consumers) {
        load(life);
    }
    start_service();
}

void Host::power_off() {
    stop_service();
    is_up = false;
    disk.cut_power();
}

// As `install-cert run` judges the disk before it becomes the supervisor.
void Host::start_service() {
    agent::TurnRequest request{
        .certificates = {},
        .situation = {.now = now(), .boot_id = boot_id(), .machine_id = machine_id}};
    for (const role::CertificateSpec& spec : role.certificates) {
        request.certificates.push_back(&spec);
    }
    installation::GenerationStore store(disk, "", *this);
    bool ready = true;
    bool boot_due = false;
    for (const agent::Candidate& candidate : agent::survey(role, request, store, {})) {
        ready = ready && candidate.decision.valid;
        boot_due = boot_due || candidate.decision.cause == renewal::Cause::boot;
    }
    const std::int64_t delay = ready && boot_due ? random.between(0, kBootSpreadMilliseconds) : 0;
    agenda.emplace(Cause::start, now() + std::chrono::ceil<std::chrono::seconds>(delay * 1ms));
}

void Host::stop_service() {
    agenda.reset();
    wire_.forget();
}

void Host::step_clock(Millis new_offset) {
    offset = new_offset;
    if (agenda) {
        agenda->clock_was_set();
    }
}

void Host::kill_after(unsigned steps, bool whole_host) {
    kill_in_ = steps;
    kill_host_ = whole_host;
}

void Host::step(const char*) {
    if (!in_turn_ || !kill_in_) {
        return;
    }
    if (*kill_in_ == 0) {
        kill_in_.reset();
        throw Killed{};
    }
    --*kill_in_;
}

void Host::run_turn(const supervisor::TurnOrder& order) {
    ++counts.turns;
    if (observer != nullptr) {
        observer->turn_begins(order);
    }
    in_turn_ = true;
    try {
        const supervisor::TurnReport report = worker(order);
        in_turn_ = false;
        (void)agenda->finished(report, now(), random.uniform());
    } catch (const Killed&) {
        in_turn_ = false;
        wire_.forget();
        ++counts.killed;
        (void)agenda->finished(std::nullopt, now(), random.uniform());
        if (observer != nullptr) {
            observer->turn_killed();
        }
        if (kill_host_) {
            power_off();
            pass(random.between(5 * kSecond, 90 * kSecond));
            boot();
        }
    }
}

Result<> Host::save(const agent::State& state) {
    step("save");
    if (disk.mood == DiskMood::full || disk.mood == DiskMood::read_only) {
        return fail(Failure::io, "state.json: no space left on device");
    }
    saved = state;
    return {};
}

// As `install-cert turn` and run_local_turn() do it, with this host's ports.
supervisor::TurnReport Host::worker(const supervisor::TurnOrder& order) {
    agent::TurnRequest request{
        .wish = order.cause == Cause::renew ? renewal::Wish::renew_now : renewal::Wish::what_is_due,
        .certificates = {},
        .situation = {.now = now(), .boot_id = boot_id(), .machine_id = machine_id},
        .deadline = since_boot() + BootTime{kTurnTimeout},
        .reloads_until = since_boot() + BootTime{kConsumersTimeout},
        .patience = order.cause == Cause::timer ? agent::TurnRequest::Patience::keeps_backoff
                                                : agent::TurnRequest::Patience::tries_at_once};
    for (const role::CertificateSpec& spec : role.certificates) {
        if (order.names.empty() || std::ranges::find(order.names, spec.name) != order.names.end()) {
            request.certificates.push_back(&spec);
        }
    }
    agent::State state = saved;
    current_wire = &wire_;
    current_token = &token_file;
    static const agent::SecretReader reader(agent::Places("", ""), nullptr);
    agent::VaultSession session(role.vault, reader, *this);
    installation::GenerationStore store(disk, "", *this);
    const agent::TurnPorts ports{
        .clock = *this,
        .store = store,
        .issuer = [&] { return session.issuer(); },
        .leave_vault = [&] { session.close(); },
        .services = this,
        .care_for_tokens = agent::token_care(role, session, [this] { return random.uniform(); }),
        .random = [this] { return random.uniform(); },
        .save = [this](const agent::State& held) { return save(held); },
        .sleep_until =
            [this](WallTime then) {
                // The wall clock's absolute time, as clock_nanosleep(2) has it.
                pass(std::max<Millis>(
                    0, then.time_since_epoch().count() * kSecond - offset - true_now));
            }};
    const agent::TurnReport report =
        agent::run_until_settled(role, std::move(request), ports, state);
    wire_.forget();
    if (observer != nullptr) {
        observer->turn_ended(report);
    }
    const bool partial = !order.names.empty();
    return {.exit_code = agent::exit_code(report),
            .valid = report.all_valid && !partial,
            .next_wake = partial ? now() : report.next_wake,
            .status = {}};
}

void Host::asked(const std::string& name) {
    ++counts.asked;
    step("asked");
    if (watch != nullptr) {
        watch->asked(name);
    }
}

void Host::issued(const std::string& name) {
    ++counts.issued;
    if (watch != nullptr) {
        watch->issued(name);
    }
    step("issued");
}

void Host::looked_up() {
    ++counts.lookups;
    if (watch != nullptr) {
        watch->looked_up();
    }
}

void Host::cared_for_token() {
    ++counts.token_calls;
    if (watch != nullptr) {
        watch->cared_for_token();
    }
}

void Host::throttled(const std::string& name, std::chrono::seconds retry_after) {
    if (watch != nullptr) {
        watch->throttled(name, retry_after);
    }
}

consumers::ReloadOutcome Host::reload(const role::Consumer& consumer,
                                      const consumers::ReloadContext&) {
    step("reload");
    ++counts.reloads;
    consumers::ReloadOutcome outcome = attempt(consumer);
    if (outcome.state == consumers::ReloadState::failed && observer != nullptr) {
        observer->reload_failed(consumers::acknowledgement_key(consumer));
    }
    return outcome;
}

// The occasions of one unit are merged by the product: the process is the same.
consumers::ReloadOutcome Host::attempt(const role::Consumer& consumer) {
    using consumers::ReloadState;
    for (ConsumerLife& life : consumers) {
        if (name_of(life.consumer) != name_of(consumer)) {
            continue;
        }
        switch (life.mood) {
            case ConsumerMood::fails:
                pass(200);
                return {.state = ReloadState::failed, .what = "exit status 1"};
            case ConsumerMood::hangs:
                pass(std::chrono::milliseconds(consumer.timeout).count());
                return {.state = ReloadState::failed, .what = "no end in time"};
            case ConsumerMood::missing:
                return {.state = ReloadState::missing, .what = "no such unit"};
            case ConsumerMood::stopped:
                return {.state = ReloadState::not_running, .what = "inactive"};
            case ConsumerMood::works:
                load(life);
        }
    }
    pass(100);
    step("reloaded");
    return {.state = ReloadState::done, .what = "done"};
}

const StoredSet* Host::installed(const std::string& certificate) const {
    const auto home = disk.homes.find(certificate);
    return home != disk.homes.end() ? home->second.current.get() : nullptr;
}

void Host::load(ConsumerLife& life) const {
    life.loaded.clear();
    for (const std::string& certificate : life.certificates) {
        life.loaded.push_back(content_for(life.consumer, installed(certificate)));
    }
}

bool Host::is_up_to_date(const ConsumerLife& life) const {
    return std::ranges::equal(
        life.certificates, life.loaded, [&](const std::string& certificate, const auto& loaded) {
            return content_for(life.consumer, installed(certificate)) == loaded;
        });
}

bool Host::lacks_a_set(const ConsumerLife& life) const {
    return std::ranges::any_of(life.certificates, [&](const std::string& certificate) {
        const StoredSet* const set = installed(certificate);
        return set == nullptr || !set->set.damage.empty();
    });
}

}  // namespace install_cert::simulation
