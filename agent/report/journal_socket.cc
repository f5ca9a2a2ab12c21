// SPDX-License-Identifier: Apache-2.0
#include "agent/report/journal_socket.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

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
    const timeval patience{.tv_sec = kPatience.count() / 1000,
                           .tv_usec = kPatience.count() % 1000 * 1000};
    (void)::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    // Where nobody listens, send() says so.
    (void)::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

void JournalSocket::send(std::span<const std::string> fields) {
    const std::string message = journal_message(fields);
    ssize_t sent = -1;
    do {
        sent = ::send(socket_.get(),
                      message.data(),
                      message.size(),
                      MSG_NOSIGNAL | (waits_ ? 0 : MSG_DONTWAIT));
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        waits_ = waits_ && errno != EAGAIN;
        ++dropped_;
    }
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
