// SPDX-License-Identifier: Apache-2.0
// The service manager's notification protocol (sd_notify(3)), spoken directly: libsystemd would
// cost the resident process five times its own memory for one datagram.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace install_cert::supervisor {

class Notifier {
  public:
    // From NOTIFY_SOCKET and WATCHDOG_USEC/WATCHDOG_PID, which are taken out of the environment: a
    // worker must not speak for us. Without them every call does nothing.
    [[nodiscard]] static Notifier from_environment();
    // The same, leaving the environment to the program that this process becomes next.
    [[nodiscard]] static Notifier before_exec();

    void tell(std::string_view state) const;

    // How often systemd expects a sign of life: half of WATCHDOG_USEC; nullopt when it does not.
    [[nodiscard]] std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

  private:
    std::string socket_;
    std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace install_cert::supervisor
