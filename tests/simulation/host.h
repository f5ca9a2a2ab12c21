// SPDX-License-Identifier: Apache-2.0
// One host's life in virtual time: its clocks, its disk, its consumers, its Vault, and the daemon
// as the product has it: the supervisor's agenda, and the worker's turn.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/record/state.h"
#include "agent/supervisor/agenda.h"
#include "agent/turn/turn.h"
#include "consumers/service_control.h"
#include "foundation/clock.h"
#include "role/role.h"
#include "simulation/disk.h"
#include "simulation/random.h"
#include "simulation/trouble.h"
#include "simulation/vault.h"

namespace install_cert::simulation {

struct Counts {
    Millis lived = 0;
    Millis lived_rough = 0;  // of it, in rough weather
    std::uint64_t turns = 0;
    std::uint64_t asked = 0;        // requests for a certificate
    std::uint64_t issued = 0;       // of them answered, or lost, with a certificate made
    std::uint64_t lookups = 0;      // of a CA
    std::uint64_t token_calls = 0;  // lookup-self, renew-self
    std::uint64_t events = 0;
    std::uint64_t reloads = 0;
    std::uint64_t killed = 0;  // turns that were cut at some step
    TroubleCounts troubles{};
    std::uint64_t coinciding = 0;  // of them, within an hour of one of another kind

    Counts& operator+=(const Counts& other);
};

// A worker, or the whole host, that ends in the middle of a turn.
struct Killed {};

enum class ConsumerMood : std::uint8_t { works, fails, hangs, missing, stopped };

struct ConsumerLife {
    role::Consumer consumer;
    ConsumerMood mood = ConsumerMood::works;
    std::vector<std::string> certificates{};
    // Of each, what the running process has read; none before the first boot.
    std::vector<std::string> loaded{};
};

// What watches a host and may object (judge.h).
class Observer {
  public:
    virtual ~Observer() = default;
    virtual void time_passed() = 0;
    virtual void disturbed(std::string_view what) = 0;
    virtual void turn_begins(const supervisor::TurnOrder& order) = 0;
    virtual void turn_ended(const agent::TurnReport& report) = 0;
    virtual void turn_killed() = 0;
    virtual void reload_failed(const std::string& consumer) = 0;
};

class Host final : public Clock, public VaultWatch, public consumers::ServiceControl {
  public:
    struct Parts {
        role::Role role;
        std::string machine_id;
        std::uint64_t seed = 0;
        Millis born = 0;
        Vault* vault = nullptr;
    };

    explicit Host(Parts parts);
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    // When the daemon's timer fires next; nullopt while it does not run.
    [[nodiscard]] std::optional<Millis> timer() const;
    // Lets true time pass to `then`, and no turn run.
    void pass_to(Millis then);
    // Runs the turns that are due.
    void run_due_turns();

    void boot();
    void power_off();
    void start_service();
    void stop_service();
    void step_clock(Millis offset);

    // Ends the next turns that reach so many steps.
    void kill_after(unsigned steps, bool whole_host);

    // Clock
    [[nodiscard]] WallTime now() const override;
    [[nodiscard]] BootTime since_boot() const override;
    // VaultWatch
    void asked(const std::string& name) override;
    void issued(const std::string& name) override;

    void looked_up() override;
    void cared_for_token() override;

    void throttled(const std::string& name, std::chrono::seconds retry_after) override;
    // ServiceControl
    [[nodiscard]] consumers::ReloadOutcome reload(const role::Consumer& consumer,
                                                  const consumers::ReloadContext& context) override;

    [[nodiscard]] Result<bool> knows(const std::string&) override { return true; }

    // The consumer's process reads what is installed.
    void load(ConsumerLife& life) const;
    // Whether what it has read is what is installed.
    [[nodiscard]] bool is_up_to_date(const ConsumerLife& life) const;
    // Whether any of its sets is missing or damaged.
    [[nodiscard]] bool lacks_a_set(const ConsumerLife& life) const;

    [[nodiscard]] std::string boot_id() const { return "boot-" + std::to_string(boots_); }

    role::Role role;
    std::string machine_id;
    Random random;
    Vault* vault;
    VaultWatch* watch = nullptr;  // told what this host is told, too
    Observer* observer = nullptr;
    Millis true_now;
    Millis offset = 0;  // of the wall clock
    bool is_up = false;
    TokenFile token_file;
    Disk disk;
    std::vector<ConsumerLife> consumers;
    std::optional<supervisor::Agenda> agenda;
    agent::State saved;  // state.json
    Counts counts;

  private:
    [[nodiscard]] const StoredSet* installed(const std::string& certificate) const;
    [[nodiscard]] consumers::ReloadOutcome attempt(const role::Consumer& consumer);
    void pass(Millis by);
    void step(const char* where);
    void run_turn(const supervisor::TurnOrder& order);
    [[nodiscard]] supervisor::TurnReport worker(const supervisor::TurnOrder& order);
    [[nodiscard]] Result<> save(const agent::State& state);

    Wire wire_;
    Millis booted_ = 0;
    unsigned boots_ = 0;
    std::optional<unsigned> kill_in_;
    bool kill_host_ = false;
    bool in_turn_ = false;
};

// The unit or the command.
[[nodiscard]] std::string name_of(const role::Consumer& consumer);
// Who consumes what: one for each distinct consumer of the role.
[[nodiscard]] std::vector<ConsumerLife> consumers_of(const role::Role& role);

}  // namespace install_cert::simulation
