// SPDX-License-Identifier: Apache-2.0
#include "agent/report/journal_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "support/temporary_directory.h"

using namespace install_cert;
using namespace install_cert::agent;

namespace {

using Fields = std::vector<std::string>;

// A journal of its own, which reads when it is told to.
struct Journal {
    Journal() : path(directory.string() + "/socket"), fd(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
        const sockaddr_un address = to_address();
        REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    }

    [[nodiscard]] std::string read() const {
        std::array<char, 4096> bytes{};
        const ssize_t size = ::recv(fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        return size < 0 ? "nothing" : std::string(bytes.data(), static_cast<std::size_t>(size));
    }

    [[nodiscard]] sockaddr_un to_address() const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        REQUIRE(path.size() < sizeof address.sun_path);
        path.copy(address.sun_path, path.size());
        return address;
    }

    // Until nothing more is taken.
    void fill() const {
        const UniqueFd other(::socket(AF_UNIX, SOCK_DGRAM, 0));
        const sockaddr_un address = to_address();
        while (::sendto(other.get(),
                        "x",
                        1,
                        MSG_DONTWAIT,
                        reinterpret_cast<const sockaddr*>(&address),
                        sizeof address) == 1) {
        }
    }

    testing::TemporaryDirectory directory;
    std::string path;
    UniqueFd fd;
};

}  // namespace

TEST_CASE("an entry is written as the journal's protocol has it", "[journal]") {
    CHECK(journal_message(Fields{}).empty());
    CHECK(journal_message(Fields{"MESSAGE=a=b", "PRIORITY=6"}) == "MESSAGE=a=b\nPRIORITY=6\n");
    CHECK(journal_message(Fields{"MESSAGE=two\nlines", "PRIORITY=3"}) ==
          std::string("MESSAGE\n\x09\0\0\0\0\0\0\0two\nlines\nPRIORITY=3\n", 37));
}

TEST_CASE("an entry reaches the journal", "[journal]") {
    const Journal journal;
    JournalSocket socket(journal.path);
    socket.send(Fields{"MESSAGE=here"});
    CHECK(socket.dropped() == 0);
    CHECK(journal.read() == "MESSAGE=here\n");
    CHECK(journal.read() == "nothing");
}

TEST_CASE("a journal that does not read is waited for once, then entries are dropped and counted",
          "[journal][fault-89]") {
    const Journal journal;
    JournalSocket socket(journal.path);
    std::size_t sent = 0;
    // Until its queue is full; then this would wait for ever.
    for (; socket.dropped() == 0; ++sent) {
        socket.send(Fields{"MESSAGE=" + std::to_string(sent)});
    }
    for (int i = 0; i < 1000; ++i) {
        socket.send(Fields{"MESSAGE=lost"});
    }
    CHECK(socket.dropped() == 1001);
    CHECK(journal.read() == "MESSAGE=0\n");
    socket.send(Fields{"MESSAGE=it reads again"});
    CHECK(socket.dropped() == 1001);
}

TEST_CASE("a journal that reads slowly is not waited for longer than one that does not read",
          "[journal][fault-89]") {
    const Journal journal;
    journal.fill();
    const std::jthread reader([&](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any stopped;
        std::unique_lock lock(mutex);
        while (!stop.stop_requested()) {
            stopped.wait_for(lock, stop, JournalSocket::kPatience / 4, [] { return false; });
            (void)journal.read();
        }
    });
    JournalSocket socket(journal.path);
    for (int i = 0; i < 12; ++i) {
        socket.send(Fields{"MESSAGE=" + std::to_string(i)});
    }
    CHECK(socket.dropped() >= 6);
}

TEST_CASE("a journal that is not there costs nothing but the entry", "[journal][fault-89]") {
    const testing::TemporaryDirectory directory;
    const std::string path = GENERATE("/nobody", "/" + std::string(200, 'x'));
    JournalSocket socket(directory.string() + path);
    socket.send(Fields{"MESSAGE=unheard"});
    CHECK(socket.dropped() == 1);
}
