// SPDX-License-Identifier: Apache-2.0
#include "tracee.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace install_cert::tracer {
namespace {

user_regs_struct registers_of(pid_t pid) {
    user_regs_struct registers{};
    (void)request(PTRACE_GETREGS, pid, 0, reinterpret_cast<std::uintptr_t>(&registers));
    return registers;
}

void set_registers(pid_t pid, const user_regs_struct& registers) {
    (void)request(PTRACE_SETREGS, pid, 0, reinterpret_cast<std::uintptr_t>(&registers));
}

unsigned long long result(int error_number) {
    return static_cast<unsigned long long>(-static_cast<long long>(error_number));
}

}  // namespace

long request(__ptrace_request what, pid_t pid, std::uintptr_t address, std::uintptr_t data) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    return ::ptrace(what, pid, reinterpret_cast<void*>(address), reinterpret_cast<void*>(data));
}

std::string text_at(pid_t pid, std::uint64_t address) {
    std::array<char, 256> buffer{};
    const iovec local{.iov_base = buffer.data(), .iov_len = buffer.size() - 1};
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    const iovec remote{.iov_base = reinterpret_cast<void*>(address), .iov_len = buffer.size() - 1};
    if (::process_vm_readv(pid, &local, 1, &remote, 1, 0) < 0) {
        // Up to the end of a page.
        const iovec shorter{.iov_base = remote.iov_base, .iov_len = 4096 - (address % 4096)};
        if (shorter.iov_len >= buffer.size() ||
            ::process_vm_readv(pid, &local, 1, &shorter, 1, 0) < 0) {
            return {};
        }
    }
    return buffer.data();
}

bool is_asleep(pid_t pid, const Tracee& tracee) {
    const std::string path = "/proc/" + std::to_string(pid) + "/stat";
    std::array<char, 256> buffer{};
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const ssize_t size = ::read(file, buffer.data(), buffer.size());
    (void)::close(file);
    // "PID (COMMAND) STATE ...": see proc(5).
    const std::string_view text(buffer.data(),
                                static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    const std::size_t end = text.rfind(')');
    const std::string_view rest = text.substr(std::min(end, text.size()));
    return rest.starts_with(") S") || (tracee.has_vforked && rest.starts_with(") D"));
}

void Tracee::suffer_entry(pid_t pid, int error_number) const {
    if (suffers == Suffers::nothing || suffers == Suffers::failure_afterwards) {
        return;
    }
    user_regs_struct registers = registers_of(pid);
    if (suffers == Suffers::one_byte) {
        registers.rdx = std::min<unsigned long long>(registers.rdx, 1);
    } else {
        registers.orig_rax = ~0ULL;  // no call at all
        registers.rax = result(suffers == Suffers::no_sleep ? 0 : error_number);
    }
    set_registers(pid, registers);
}

void Tracee::suffer_exit(pid_t pid, int error_number) const {
    if (!must_be_met_at_exit()) {
        return;
    }
    user_regs_struct registers = registers_of(pid);
    if (suffers == Suffers::one_byte) {
        registers.rdx = arguments[2];  // the kernel leaves it alone, and so must we
    } else {
        registers.rax = result(error_number);
    }
    set_registers(pid, registers);
}

}  // namespace install_cert::tracer
