// SPDX-License-Identifier: Apache-2.0
// syscall_tracer OPTIONS -- PROGRAM ARGUMENT...: runs a program and all its children with a stop at
// the entry and the exit of every system call, and does there what the gates ask for:
//
//   --from CALL[,N]:TEXT
//                       stop and count from the first (the N-th) CALL on a path that contains TEXT
//   --kill N            SIGKILL to all of them at the N-th stop
//   --fail CALL,N,once|forever,ERRNO
//                       the N-th CALL (and all later ones) fails; ERRNO 0: it moves one byte
//   --log FILE          one line a stop: NUMBER entry|exit CALL RESULT FIRST THIRD PATH
//   --lockstep          at each stop writes a byte to descriptor 0 and waits for one
//
// Sleeps take no time, so that the child that waits out the grace is seen to its end. /proc shows
// no other processes, so that looking at all of them takes as many calls in each run. A run that is
// to suffer a fault, and nothing else, stops at calls of that kind only. Ends as the program did
// (128 + signal), or with 137 once it was killed; 125 where tracing itself failed.
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "call_filter.h"
#include "calls.h"
#include "own_processes.h"
#include "plan.h"
#include "tracee.h"

namespace install_cert::tracer {
namespace {

constexpr int kTracingFailed = 125;
constexpr int kPatience = 10'000;         // looks at somebody who neither stops nor sleeps
constexpr useconds_t kBetweenLooks = 20;  // microseconds

Suffers effect_of(const Fault& fault) {
    if (fault.error_number == 0) {
        return Suffers::one_byte;
    }
    return fault.number == SYS_close ? Suffers::failure_afterwards : Suffers::failure;
}

class Tracer {
  public:
    explicit Tracer(const Plan& plan)
        : plan_(plan),
          counts_stops_(plan.kill_at != 0 || plan.lockstep || !plan.log.empty()),
          counting_(!plan.from) {
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
                                     PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL;
        tracees_[root_].is_new = false;
        if (request(PTRACE_SETOPTIONS, root_, 0, options) != 0 || !resume(root_, 0)) {
            return kTracingFailed;
        }
        while (!tracees_.empty()) {
            if (!await_rest()) {
                return kTracingFailed;
            }
            const auto [pid, what] = *reported_.begin();
            reported_.erase(reported_.begin());
            attend(pid, what);
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
        if (!stop_only_at(calls_of_interest())) {
            ::_exit(kTracingFailed);
        }
        (void)::execv(plan_.program.front(), plan_.program.data());
        ::_exit(kTracingFailed);
    }

    [[nodiscard]] std::vector<std::uint64_t> calls_of_interest() const {
        std::vector<std::uint64_t> numbers{SYS_clock_nanosleep};
        if (plan_.from) {
            numbers.push_back(plan_.from->number);
        }
        if (plan_.fault) {
            numbers.push_back(plan_.fault->number);
        }
        return numbers;
    }

    // Whether it stops at each call. The first one does once it has children, since the call with
    // which counting begins may be a child's, while it waits for that.
    [[nodiscard]] bool stops_at_all(pid_t pid) const {
        return counts_stops_ && (counting_ || (has_forked_ && pid == root_));
    }

    bool resume(pid_t pid, std::uintptr_t signal) {
        Tracee& tracee = tracees_[pid];
        const bool to_next = stops_at_all(pid) || (tracee.in_call && tracee.must_be_met_at_exit());
        tracee.in_call = tracee.in_call && to_next;
        return request(to_next ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0, signal) == 0;
    }

    // One process at a time is let go on, the eldest first, so that numbers mean the same in every
    // run: until all the others have stopped, or sleep until somebody wakes them.
    bool await_rest() {
        for (int patience = kPatience; reported_.size() < tracees_.size(); --patience) {
            int status = 0;
            const pid_t pid = ::waitpid(-1, &status, __WALL | (reported_.empty() ? 0 : WNOHANG));
            if (pid < 0) {
                return false;
            }
            if (pid > 0) {
                tracees_.try_emplace(pid);
                reported_[pid] = status;
            } else if (patience < 0 || std::ranges::all_of(
                                           tracees_,
                                           [this](const auto& entry) {
                                               return reported_.contains(entry.first) ||
                                                      is_asleep(entry.first, entry.second);
                                           })) {
                return true;
            } else {
                (void)::usleep(kBetweenLooks);
            }
        }
        return true;
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
        const int event = status >> 16;
        tracee.has_vforked = event == PTRACE_EVENT_VFORK;
        std::uintptr_t passed_on = 0;
        if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
            at_stop(pid, tracee);
        } else if (event == PTRACE_EVENT_SECCOMP) {
            if (!tracee.in_call) {  // else this entry was met already
                at_stop(pid, tracee);
            }
        } else if (event != 0) {
            has_forked_ = has_forked_ || event != PTRACE_EVENT_EXEC;
        } else if (WSTOPSIG(status) == SIGSTOP && tracee.is_new) {
            tracee.is_new = false;
            has_forked_ = true;
        } else {
            passed_on = static_cast<std::uintptr_t>(WSTOPSIG(status));
        }
        // One that was just being born when all were killed is met here first.
        if (killed_) {
            (void)::kill(pid, SIGKILL);
        } else {
            (void)resume(pid, passed_on);
        }
    }

    void at_stop(pid_t pid, Tracee& tracee) {
        __ptrace_syscall_info info{};
        (void)request(
            PTRACE_GET_SYSCALL_INFO, pid, sizeof info, reinterpret_cast<std::uintptr_t>(&info));
        tracee.in_call = info.op != PTRACE_SYSCALL_INFO_EXIT;
        if (tracee.in_call) {
            enter(pid, tracee, info);
        } else {
            tracee.suffer_exit(pid, error_number());
        }
        if (!counting_) {
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

    // Whichever kind of stop it is: the filter's describes the call as an entry's does.
    void enter(pid_t pid, Tracee& tracee, const __ptrace_syscall_info& info) {
        tracee.call = call_by_number(info.entry.nr);
        tracee.suffers = Suffers::nothing;
        std::memcpy(tracee.arguments.data(), info.entry.args, sizeof tracee.arguments);
        tracee.path.clear();
        if (tracee.call != nullptr && tracee.call->path != kNoPath) {
            tracee.path =
                text_at(pid, tracee.arguments[static_cast<std::size_t>(tracee.call->path)]);
        }
        counting_ = counting_ || is_start(info.entry.nr, tracee.path);
        if (info.entry.nr == SYS_clock_nanosleep) {
            tracee.suffers = Suffers::no_sleep;
        } else if (counting_ && is_hit(info.entry.nr)) {
            tracee.suffers = effect_of(*plan_.fault);
        }
        tracee.suffer_entry(pid, error_number());
    }

    [[nodiscard]] int error_number() const { return plan_.fault ? plan_.fault->error_number : 0; }

    bool is_start(std::uint64_t number, const std::string& path) {
        return number == plan_.from->number && path.contains(plan_.from->path) &&
               ++starts_ == plan_.from->when;
    }

    bool is_hit(std::uint64_t number) {
        if (!plan_.fault || plan_.fault->number != number) {
            return false;
        }
        ++calls_;
        return calls_ == plan_.fault->when ||
               (calls_ > plan_.fault->when && plan_.fault->lasting == Lasting::forever);
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
    std::map<pid_t, int> reported_;  // what is still to be attended to
    pid_t root_ = 0;
    bool counts_stops_;
    bool counting_;
    bool has_forked_ = false;
    bool killed_ = false;
    int result_ = 0;
    std::uint64_t starts_ = 0;
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
    return install_cert::tracer::among_own_processes(
        [&] { return install_cert::tracer::Tracer(*plan).run(); },
        install_cert::tracer::kTracingFailed);
}
