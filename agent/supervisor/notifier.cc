// SPDX-License-Identifier: Apache-2.0
#include "agent/supervisor/notifier.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "foundation/unique_fd.h"

namespace install_cert::supervisor {
namespace {

constexpr std::array kVariables{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};

std::string variable(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty()) {
        return std::nullopt;
    }
    return value;
}

}  // namespace

Notifier Notifier::from_environment() {
    Notifier notifier = before_exec();
    for (const char* const name : kVariables) {
        (void)::unsetenv(name);
    }
    return notifier;
}

Notifier Notifier::before_exec() {
    Notifier notifier;
    notifier.socket_ = variable("NOTIFY_SOCKET");
    const auto period = number(variable("WATCHDOG_USEC"));
    const auto pid = number(variable("WATCHDOG_PID"));
    if (period && *period > 0 && (!pid || *pid == ::getpid())) {
        notifier.watchdog_ = std::chrono::microseconds{*period / 2};
    }
    return notifier;
}

void Notifier::tell(std::string_view state) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_.empty() || socket_.size() >= sizeof address.sun_path) {
        return;
    }
    std::memcpy(address.sun_path, socket_.data(), socket_.size());
    if (socket_[0] == '@') {
        address.sun_path[0] = '\0';  // the abstract namespace
    }
    const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    // Nobody to tell that telling failed.
    (void)::sendto(fd.get(),
                   state.data(),
                   state.size(),
                   MSG_NOSIGNAL | MSG_DONTWAIT,
                   // The sockets API names every address by this type (bind(2)).
                   reinterpret_cast<const sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size()));
}

}  // namespace install_cert::supervisor
