// SPDX-License-Identifier: Apache-2.0
#include "agent/report/journal_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace install_cert::agent {
namespace {

// Little-endian, whatever this machine is.
std::string length_of(const std::string& value) {
    std::string bytes;
    for (unsigned i = 0; i < 8; ++i) {
        bytes += static_cast<char>((std::uint64_t{value.size()} >> (8 * i)) & 0xFF);
    }
    return bytes;
}

}  // namespace

JournalSocket::JournalSocket(const std::string& path)
    : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return;
    }
    path.copy(address.sun_path, path.size());
    // Where nobody listens, send() says so.
    (void)::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

void JournalSocket::send(std::span<const std::string> fields) {
    const std::string message = journal_message(fields);
    while (::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        if ((errno != EAGAIN && errno != EINTR) || patience_.count() == 0) {
            ++dropped_;
            return;
        }
        wait_for_reader();
    }
}

void JournalSocket::wait_for_reader() {
    const auto begun = std::chrono::steady_clock::now();
    pollfd waited{.fd = socket_.get(), .events = POLLOUT, .revents = 0};
    const auto most = std::chrono::ceil<std::chrono::milliseconds>(patience_);
    (void)::poll(&waited, 1, static_cast<int>(most.count()));
    patience_ -= std::min(patience_, std::chrono::steady_clock::now() - begun);
}

std::string journal_message(std::span<const std::string> fields) {
    std::string message;
    for (const std::string& field : fields) {
        const std::size_t equals = field.find('=');
        const std::string value = field.substr(equals + 1);
        if (value.contains('\n')) {
            message += field.substr(0, equals) + '\n' + length_of(value) + value + '\n';
        } else {
            message += field + '\n';
        }
    }
    return message;
}

}  // namespace install_cert::agent
