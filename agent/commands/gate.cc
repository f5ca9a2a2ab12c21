// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/gate.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "agent/configuration/workplace.h"
#include "agent/process.h"
#include "agent/turn/readiness.h"
#include "foundation/unique_fd.h"

namespace install_cert::agent {
namespace {

// What no directory tells: a file system mounted over one, a clock that became sane.
constexpr std::chrono::milliseconds kLongestSleep = std::chrono::seconds{30};

// Reports a change in `directory`, or in the nearest one above it that is there.
void watch(int notifications, std::string directory) {
    constexpr std::uint32_t changes =
        IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_CLOSE_WRITE | IN_ATTRIB;
    while (::inotify_add_watch(notifications, directory.c_str(), changes | IN_ONLYDIR) < 0 &&
           errno == ENOENT && directory.size() > 1) {
        directory.resize(std::max<std::size_t>(directory.rfind('/'), 1));
    }
}

void sleep_until_change(int notifications) {
    pollfd waiting{.fd = notifications, .events = POLLIN, .revents = 0};
    (void)::poll(&waiting, 1, static_cast<int>(kLongestSleep.count()));
    std::array<char, 4096> events{};
    while (::read(notifications, events.data(), events.size()) > 0) {
    }
}

bool is_ready(const Options& options, const Places& places, int notifications) {
    // Watched before it is judged, so that a change in between is not slept through.
    watch(notifications, places.state_directory);
    watch(notifications, places.config_directory);
    const auto workplace = Workplace::open(options, Workplace::From::recorded);
    if (!workplace) {
        return false;
    }
    for (const role::CertificateSpec& spec : (*workplace)->role.certificates) {
        watch(notifications, places.root + spec.directory);
        watch(notifications, places.root + spec.directory + "/." + spec.name);
    }
    return judge_readiness(**workplace).ready;
}

}  // namespace

int wait_until_ready(const Options& options) {
    become_undumpable();
    const Places places(options.root, options.config);
    const UniqueFd notifications(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    while (::access(places.config.c_str(), F_OK) == 0 &&
           !is_ready(options, places, notifications.get())) {
        sleep_until_change(notifications.get());
    }
    return 0;
}

}  // namespace install_cert::agent
