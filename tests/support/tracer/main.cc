// SPDX-License-Identifier: Apache-2.0
// syscall_tracer OPTIONS -- PROGRAM ARGUMENT...: runs a program and all its children with a stop at
// the entry and the exit of every system call, and does there what the gates ask for:
//
//   --from CALL:TEXT    count stops and calls from the first CALL on a path that contains TEXT
//   --kill N            SIGKILL to all of them at the N-th stop
//   --fail CALL,N,once|forever,ERRNO
//                       the N-th CALL (and all later ones) fails; ERRNO 0: it moves one byte
//   --log FILE          one line a stop: NUMBER entry|exit CALL RESULT FIRST THIRD PATH
//   --lockstep          at each stop writes a byte to descriptor 0 and waits for one
//
// Sleeps take no time, so that the child that waits out the grace is seen to its end. Ends as the
// program did (128 + signal), or with 137 once it was killed; 125 where tracing itself failed.
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "calls.h"
#include "plan.h"

namespace install_cert::tracer {
namespace {

constexpr int kTracingFailed = 125;

// ptrace(2) takes numbers where its prototype has pointers.
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

// A failed close(2) has closed all the same.
enum class Suffers : std::uint8_t { nothing, failure, failure_afterwards, one_byte, no_sleep };

Suffers effect_of(const Fault& fault) {
    if (fault.error_number == 0) {
        return Suffers::one_byte;
    }
    return fault.number == SYS_close ? Suffers::failure_afterwards : Suffers::failure;
}

// One process, between the entry and the exit of its call.
struct Tracee {
    bool is_new = true;  // its first SIGSTOP is the kernel's
    bool in_call = false;
    bool looks_around = false;
    const Call* call = nullptr;
    std::array<std::uint64_t, 6> arguments{};
    std::string path;
    Suffers suffers = Suffers::nothing;
};

class Tracer {
  public:
    explicit Tracer(const Plan& plan) : plan_(plan), counting_(!plan.from) {
        if (!plan.log.empty()) {
            log_.reset(std::fopen(plan.log.c_str(), "we"));
        }
    }

    int run() {
        root_ = ::fork();
        if (root_ == 0) {
            become_traced();
        }
        int status = 0;
        if (root_ < 0 || ::waitpid(root_, &status, 0) != root_ || !WIFSTOPPED(status)) {
            return kTracingFailed;
        }
        constexpr unsigned options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
                                     PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                                     PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
        tracees_[root_].is_new = false;
        if (request(PTRACE_SETOPTIONS, root_, 0, options) != 0 ||
            request(PTRACE_SYSCALL, root_, 0, 0) != 0) {
            return kTracingFailed;
        }
        while (!tracees_.empty()) {
            const pid_t pid = ::waitpid(-1, &status, __WALL);
            if (pid < 0) {
                return kTracingFailed;
            }
            attend(pid, status);
        }
        return killed_ ? 128 + SIGKILL : result_;
    }

  private:
    [[noreturn]] void become_traced() {
        (void)request(PTRACE_TRACEME, 0, 0, 0);
        // The lockstep's descriptor is not the program's.
        if (plan_.lockstep) {
            (void)::dup2(::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
        }
        (void)::raise(SIGSTOP);
        (void)::execv(plan_.program.front(), plan_.program.data());
        ::_exit(kTracingFailed);
    }

    void attend(pid_t pid, int status) {
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (pid == root_) {
                result_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            }
            tracees_.erase(pid);
            return;
        }
        Tracee& tracee = tracees_[pid];
        const int signal = WSTOPSIG(status);
        std::uintptr_t passed_on = 0;
        if (signal == (SIGTRAP | 0x80)) {
            at_stop(pid, tracee);
        } else if (status >> 16 == 0 && !(signal == SIGSTOP && tracee.is_new)) {
            passed_on = static_cast<std::uintptr_t>(signal);
        } else if (signal == SIGSTOP) {
            tracee.is_new = false;
        }
        // One that was just being born when all were killed is met here first.
        if (killed_) {
            (void)::kill(pid, SIGKILL);
        } else {
            (void)request(PTRACE_SYSCALL, pid, 0, passed_on);
        }
    }

    void at_stop(pid_t pid, Tracee& tracee) {
        __ptrace_syscall_info info{};
        (void)request(
            PTRACE_GET_SYSCALL_INFO, pid, sizeof info, reinterpret_cast<std::uintptr_t>(&info));
        tracee.in_call = info.op == PTRACE_SYSCALL_INFO_ENTRY;
        if (tracee.in_call) {
            enter(pid, tracee, info);
        } else {
            leave(pid, tracee);
        }
        if (!counting_ || looks_around(tracee)) {
            return;
        }
        ++stops_;
        note(tracee, info);
        if (stops_ == plan_.kill_at) {
            kill_all();
        } else if (plan_.lockstep) {
            keep_step();
        }
    }

    void enter(pid_t pid, Tracee& tracee, const __ptrace_syscall_info& info) {
        tracee.call = call_by_number(info.entry.nr);
        tracee.suffers = Suffers::nothing;
        std::memcpy(tracee.arguments.data(), info.entry.args, sizeof tracee.arguments);
        tracee.path.clear();
        if (tracee.call != nullptr && tracee.call->path != kNoPath) {
            tracee.path =
                text_at(pid, tracee.arguments[static_cast<std::size_t>(tracee.call->path)]);
        }
        counting_ = counting_ ||
                    (info.entry.nr == plan_.from->number && tracee.path.contains(plan_.from->path));
        if (info.entry.nr == SYS_clock_nanosleep) {
            tracee.suffers = Suffers::no_sleep;
        } else if (counting_ && !tracee.looks_around && !tracee.path.ends_with("/stat") &&
                   is_hit(info.entry.nr)) {
            tracee.suffers = effect_of(*plan_.fault);
        }
        if (tracee.suffers != Suffers::nothing && tracee.suffers != Suffers::failure_afterwards) {
            user_regs_struct registers{};
            (void)request(PTRACE_GETREGS, pid, 0, reinterpret_cast<std::uintptr_t>(&registers));
            if (tracee.suffers == Suffers::one_byte) {
                registers.rdx = std::min<unsigned long long>(registers.rdx, 1);
            } else {
                registers.orig_rax = ~0ULL;  // no call at all
            }
            (void)request(PTRACE_SETREGS, pid, 0, reinterpret_cast<std::uintptr_t>(&registers));
        }
    }

    // Reading the states of all processes takes as many calls as the machine has processes: no
    // stops of ours, since numbers must mean the same in every run.
    static bool looks_around(Tracee& tracee) {
        if (tracee.call == nullptr) {
            return tracee.looks_around;
        }
        const bool looked = tracee.looks_around;
        if (tracee.call->number == SYS_openat) {
            tracee.looks_around = tracee.path.ends_with("/stat");
        } else if (tracee.call->number == SYS_close && !tracee.in_call) {
            tracee.looks_around = false;
        }
        return looked || tracee.looks_around;
    }

    bool is_hit(std::uint64_t number) {
        if (!plan_.fault || plan_.fault->number != number) {
            return false;
        }
        ++calls_;
        return calls_ == plan_.fault->when ||
               (calls_ > plan_.fault->when && plan_.fault->lasting == Lasting::forever);
    }

    void leave(pid_t pid, const Tracee& tracee) const {
        if (tracee.suffers == Suffers::nothing) {
            return;
        }
        user_regs_struct registers{};
        (void)request(PTRACE_GETREGS, pid, 0, reinterpret_cast<std::uintptr_t>(&registers));
        if (tracee.suffers == Suffers::one_byte) {
            registers.rdx = tracee.arguments[2];  // the kernel leaves it alone, and so must we
        } else {
            const int error = tracee.suffers == Suffers::no_sleep ? 0 : plan_.fault->error_number;
            registers.rax = static_cast<unsigned long long>(-static_cast<long long>(error));
        }
        (void)request(PTRACE_SETREGS, pid, 0, reinterpret_cast<std::uintptr_t>(&registers));
    }

    void note(const Tracee& tracee, const __ptrace_syscall_info& info) const {
        if (!log_) {
            return;
        }
        (void)std::fprintf(
            log_.get(),
            "%llu %s %s %lld %lld %llu %s%s\n",
            static_cast<unsigned long long>(stops_),
            tracee.in_call ? "entry" : "exit",
            tracee.call != nullptr ? std::string(tracee.call->name).c_str() : "other",
            tracee.in_call ? 0LL : static_cast<long long>(info.exit.rval),
            static_cast<long long>(static_cast<int>(tracee.arguments[0])),
            static_cast<unsigned long long>(tracee.arguments[2]),
            tracee.suffers == Suffers::nothing ? "" : "*",
            tracee.path.c_str());
    }

    void keep_step() const {
        char byte = '.';
        if (::write(STDIN_FILENO, &byte, 1) != 1 || ::read(STDIN_FILENO, &byte, 1) != 1) {
            ::_exit(kTracingFailed);  // and all tracees with us
        }
    }

    void kill_all() {
        killed_ = true;
        for (const auto& [pid, tracee] : tracees_) {
            (void)::kill(pid, SIGKILL);
        }
    }

    struct Closes {
        void operator()(std::FILE* file) const { (void)std::fclose(file); }
    };

    const Plan& plan_;
    std::unique_ptr<std::FILE, Closes> log_;
    std::map<pid_t, Tracee> tracees_;
    pid_t root_ = 0;
    bool counting_;
    bool killed_ = false;
    int result_ = 0;
    std::uint64_t stops_ = 0;
    std::uint64_t calls_ = 0;
};

}  // namespace
}  // namespace install_cert::tracer

int main(int argc, char* argv[]) {
    const auto plan =
        install_cert::tracer::plan_from({argv + 1, static_cast<std::size_t>(argc - 1)});
    if (!plan) {
        (void)std::fputs("syscall_tracer: see its source for what it takes\n", stderr);
        return install_cert::tracer::kTracingFailed;
    }
    return install_cert::tracer::Tracer(*plan).run();
}
