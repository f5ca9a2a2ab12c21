// SPDX-License-Identifier: Apache-2.0
#include "agent/supervisor/control.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>

#include "foundation/clock.h"
#include "foundation/text.h"

namespace install_cert::supervisor {
namespace {

constexpr std::string_view kRenew = "renew";
constexpr std::string_view kRenewWait = "renew-wait";

Result<sockaddr_un> address_of(const std::string& directory) {
    const std::string path = directory + "/control";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return fail(Failure::io, path + ": too long for a socket");
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

// The sockets API names every address by this type (bind(2)).
const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

// Who is at the other end (unix(7)); nobody, where that cannot be told.
ucred peer_of(int fd) {
    ucred peer{.pid = 0, .uid = static_cast<uid_t>(-1), .gid = static_cast<gid_t>(-1)};
    socklen_t size = sizeof peer;
    (void)::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
    return peer;
}

}  // namespace

std::string to_packet(const RenewalRequest& request) {
    std::string packet(request.wait ? kRenewWait : kRenew);
    packet += '\0';
    for (const std::string& name : request.names) {
        packet += name + '\0';
    }
    return packet;
}

std::optional<RenewalRequest> parse_request(std::string_view packet) {
    if (packet.empty() || packet.back() != '\0') {
        return std::nullopt;
    }
    auto words = split(packet.substr(0, packet.size() - 1), '\0');
    if (words[0] != kRenew && words[0] != kRenewWait) {
        return std::nullopt;
    }
    RenewalRequest request{.names = {words.begin() + 1, words.end()},
                           .wait = words[0] == kRenewWait};
    for (const std::string& name : request.names) {
        // It becomes an argument of a worker: never an option, never empty.
        if (name.empty() || name[0] == '-') {
            return std::nullopt;
        }
    }
    return request;
}

Result<UniqueFd> be_the_only_one(const std::string& directory) {
    UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) {
        return fail_errno(Failure::io, directory, errno);
    }
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
        return fd;
    }
    if (errno != EWOULDBLOCK) {
        return fail_errno(Failure::io, directory, errno);
    }
    const auto other = connect_to(directory);
    const std::string pid =
        other && *other ? std::to_string(peer_of((*other)->get()).pid) : "unknown";
    return fail(Failure::not_yet,
                directory + ": another daemon (pid " + pid + ") serves this host",
                "stop it, or have it renew with 'install-cert renew'");
}

Result<UniqueFd> listen_at(const std::string& directory) {
    const auto address = address_of(directory);
    if (!address) {
        return std::unexpected(address.error());
    }
    UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    (void)::unlink(address->sun_path);
    const mode_t before = ::umask(0177);
    const int bound = ::bind(fd.get(), generic(*address), sizeof *address);
    (void)::umask(before);
    constexpr int backlog = 8;
    if (!fd || bound != 0 || ::listen(fd.get(), backlog) != 0) {
        return fail_errno(Failure::io, address->sun_path, errno);
    }
    return fd;
}

Result<std::optional<UniqueFd>> connect_to(const std::string& directory) {
    const auto address = address_of(directory);
    if (!address) {
        return std::unexpected(address.error());
    }
    UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), generic(*address), sizeof *address) == 0) {
        return std::optional(std::move(fd));
    }
    if (errno == ENOENT || errno == ECONNREFUSED) {
        return std::nullopt;
    }
    return fail_errno(errno == EACCES ? Failure::denied : Failure::io, address->sun_path, errno);
}

bool is_trusted_peer(int fd) {
    const ucred peer = peer_of(fd);
    return peer.uid == 0 || peer.uid == ::geteuid();
}

Result<> send_packet(int fd, std::string_view packet) {
    while (::send(fd, packet.data(), packet.size(), MSG_NOSIGNAL) < 0) {
        if (errno != EINTR) {
            return fail_errno(Failure::io, "control socket", errno);
        }
    }
    return {};
}

Result<std::optional<std::string>> receive_packet(int fd) {
    std::string packet(kPacketLimit, '\0');
    ssize_t size = -1;
    do {
        size = ::recv(fd, packet.data(), packet.size(), 0);
    } while (size < 0 && errno == EINTR);
    if (size < 0) {
        return fail_errno(Failure::io, "control socket", errno);
    }
    if (size == 0) {
        return std::nullopt;
    }
    packet.resize(static_cast<std::size_t>(size));
    return packet;
}

Result<std::optional<std::string>> receive_packet(int fd, std::chrono::seconds patience) {
    const SystemClock clock;
    const BootTime end = clock.since_boot() + patience;
    pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
    int ready = -1;
    do {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - clock.since_boot());
        ready = ::poll(
            &waiting, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX)));
    } while (ready < 0 && errno == EINTR);
    if (ready < 0) {
        return fail_errno(Failure::io, "control socket", errno);
    }
    if (ready == 0) {
        return fail(Failure::not_yet,
                    "the daemon has not answered within " + to_human(patience) +
                        "; what was asked of it goes on",
                    "see 'install-cert status', or give it a longer --timeout");
    }
    return receive_packet(fd);
}

}  // namespace install_cert::supervisor
