// SPDX-License-Identifier: Apache-2.0
// Entries on their way into the journal, by its native protocol
// (https://systemd.io/JOURNAL_NATIVE_PROTOCOL). sd_journal_sendv(3) waits for as long as a journal
// does not read; a renewal must not.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>

#include "foundation/unique_fd.h"

namespace install_cert::agent {

class JournalSocket {
  public:
    explicit JournalSocket(const std::string& path = "/run/systemd/journal/socket");

    // One entry of NAME=value fields; the message of a process that logs a few lines and ends. All
    // entries together wait kPatience for a journal that does not read, or reads slowly; then
    // what it does not take at once is dropped.
    void send(std::span<const std::string> fields);

    // Entries that nobody took.
    [[nodiscard]] std::size_t dropped() const { return dropped_; }

    static constexpr std::chrono::milliseconds kPatience{1000};

  private:
    void wait_for_reader();

    UniqueFd socket_;
    std::chrono::nanoseconds patience_ = kPatience;  // what is left of it
    std::size_t dropped_ = 0;
};

// The datagram. A value with a line break is preceded by its length instead of `=`.
[[nodiscard]] std::string journal_message(std::span<const std::string> fields);

}  // namespace install_cert::agent
