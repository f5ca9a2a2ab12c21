// SPDX-License-Identifier: Apache-2.0
// A process under the tracer, and what is done to its calls.
#pragma once

#include <sys/ptrace.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>

#include "calls.h"

namespace install_cert::tracer {

// ptrace(2), which takes numbers where its prototype has pointers.
long request(__ptrace_request what, pid_t pid, std::uintptr_t address, std::uintptr_t data);

// The string in another process, cut at 255 bytes; "" where there is none.
std::string text_at(pid_t pid, std::uint64_t address);

// A failed close(2) has closed all the same.
enum class Suffers : std::uint8_t { nothing, failure, failure_afterwards, one_byte, no_sleep };

struct Tracee {
    bool is_new = true;        // its first SIGSTOP is the kernel's
    bool in_call = false;      // its entry was seen, and its exit will be
    bool has_vforked = false;  // and did not stop since
    const Call* call = nullptr;
    std::array<std::uint64_t, 6> arguments{};
    std::string path;
    Suffers suffers = Suffers::nothing;

    [[nodiscard]] bool must_be_met_at_exit() const {
        return suffers == Suffers::failure_afterwards || suffers == Suffers::one_byte;
    }

    // To be called at the entry and at the exit of the call that suffers.
    void suffer_entry(pid_t pid, int error_number) const;
    void suffer_exit(pid_t pid, int error_number) const;
};

// Waits in the kernel for an event, or for the child that has its memory.
bool is_asleep(pid_t pid, const Tracee& tracee);

}  // namespace install_cert::tracer
