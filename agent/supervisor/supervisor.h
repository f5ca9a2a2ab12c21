// SPDX-License-Identifier: Apache-2.0
// The resident half of `run`: sleeps, listens for signals, requests and its watchdog, and has each
// turn run by a worker. Holds no secret, reads no configuration, maps neither TLS nor HTTP.
// Single-threaded.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/supervisor/agenda.h"
#include "agent/supervisor/notifier.h"
#include "agent/supervisor/worker.h"
#include "foundation/clock.h"
#include "foundation/result.h"
#include "foundation/unique_fd.h"

namespace install_cert::supervisor {

struct Settings {
    Program program;
    std::string runtime_directory;       // of the control socket
    std::chrono::milliseconds first{0};  // until the first turn
    bool ready = false;                  // systemd was told so already
};

class Supervisor {
  public:
    Supervisor(Settings settings, const Clock& clock);

    // Until SIGTERM or SIGINT: 0. A worker that exits 78 before anything was ever valid ends it
    // with 78.
    [[nodiscard]] int run();

  private:
    [[nodiscard]] Result<> open();
    // false: the clock was set since the last time.
    [[nodiscard]] bool arm_timer();
    void wait_and_dispatch();
    void on_signals();
    void on_timer();
    void on_watchdog();
    void on_connection();
    void on_client(int fd);
    void on_worker_end();
    void start_turn();
    void tell_status(const TurnReport& report);
    void end_turn(const std::optional<TurnReport>& report);

    Settings settings_;
    const Clock& clock_;
    Notifier notifier_;
    Agenda agenda_;
    UniqueFd events_;
    UniqueFd signals_;
    UniqueFd timer_;
    UniqueFd watchdog_;
    UniqueFd only_;
    UniqueFd listener_;
    bool listening_ = true;  // false: a connection could not be taken, and is left for a second
    std::map<int, UniqueFd> clients_;
    std::optional<Worker> worker_;
    bool ready_;
    std::optional<int> exit_;
};

}  // namespace install_cert::supervisor
