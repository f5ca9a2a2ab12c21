// SPDX-License-Identifier: Apache-2.0
#include "consumers/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <expected>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "consumers/deadline.h"
#include "consumers/process_tree.h"
#include "foundation/result.h"
#include "foundation/unique_fd.h"

namespace install_cert::consumers {

namespace {

// Of a command that writes without end only the last bytes are kept.
constexpr std::size_t kOutputKept = 4096;
// A full pipe (64 KiB) of it, which is what a command that has ended can have left.
constexpr int kReadsAtOnce = 16;

struct Pipe {
    UniqueFd reader;
    UniqueFd writer;
};

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return fail_errno(Failure::io, "pipe", errno);
    }
    return Pipe{.reader = UniqueFd(ends[0]), .writer = UniqueFd(ends[1])};
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> list;
    list.reserve(strings.size() + 1);
    for (const std::string& text : strings) {
        list.push_back(const_cast<char*>(text.c_str()));  // NOLINT: execve(2) does not write
    }
    list.push_back(nullptr);
    return list;
}

struct Descriptors {
    int null;
    int output;
    int failure;
};

void forget_signals() {
    for (int number = 1; number < NSIG; ++number) {
        (void)::signal(number, SIG_DFL);  // what we ignore (SIGPIPE) would stay ignored over exec
    }
    sigset_t none;
    (void)sigemptyset(&none);
    (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Between fork and exec: system calls only. Returns when something failed, with the descriptor on
// which errno is to be told.
int become(char* const* argv, char* const* environment, const Descriptors& fds) {
    (void)::setsid();
    // Should we be killed, the command does not outlive us unwatched.
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    forget_signals();
    const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
    (void)::setrlimit(RLIMIT_CORE, &no_core);
    (void)::umask(022);
    // Out of the way first: any of them may lie on 0 to 3.
    const int failure = ::fcntl(fds.failure, F_DUPFD_CLOEXEC, 10);
    if (failure < 0) {
        return fds.failure;
    }
    const int output = ::fcntl(fds.output, F_DUPFD_CLOEXEC, 10);
    const int null = ::fcntl(fds.null, F_DUPFD_CLOEXEC, 10);
    if (::dup2(null, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0 ||
        ::dup3(failure, 3, O_CLOEXEC) < 0) {
        return failure;
    }
    if (::close_range(4, ~0U, 0) == 0 && ::chdir("/") == 0) {
        (void)::execve(argv[0], argv, environment);
    }
    return 3;
}

}  // namespace

Result<Child> Child::spawn(const std::vector<std::string>& argv,
                           const std::vector<std::string>& environment) {
    auto output = make_pipe();
    auto failure = make_pipe();
    const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!output || !failure) {
        return std::unexpected((output ? failure : output).error());
    }
    if (!null) {
        return fail_errno(Failure::io, "/dev/null", errno);
    }
    const auto arguments = pointers(argv);
    const auto variables = pointers(environment);
    const Descriptors fds{
        .null = null.get(), .output = output->writer.get(), .failure = failure->writer.get()};
    Child child;
    child.older_siblings_ = children_of(::getpid());
    adopt_orphans();
    child.pid_ = ::fork();
    if (child.pid_ < 0) {
        return fail_errno(Failure::io, "fork", errno);
    }
    if (child.pid_ == 0) {
        const int failed = become(arguments.data(), variables.data(), fds);
        const int why = errno;
        std::ignore = ::write(failed, &why, sizeof why);
        ::_exit(127);
    }
    output->writer.reset();
    failure->writer.reset();
    child.pipe_ = std::move(output->reader);
    (void)::fcntl(child.pipe_.get(), F_SETFL, O_NONBLOCK);
    int why = 0;
    ssize_t told = 0;
    do {
        told = ::read(failure->reader.get(), &why, sizeof why);
    } while (told < 0 && errno == EINTR);
    // End of file: exec closed the other end.
    if (told == sizeof why) {
        return fail_errno(Failure::io, argv.front(), why);
    }
    // By number: glibc 2.36 declares pidfd_open() without C linkage.
    child.process_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, child.pid_, 0)));
    if (!child.process_) {
        return fail_errno(Failure::io, "pidfd_open", errno);
    }
    return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      process_(std::move(other.process_)),
      pipe_(std::move(other.pipe_)),
      output_(std::move(other.output_)),
      older_siblings_(std::move(other.older_siblings_)) {}

Child::~Child() {
    (void)finish();
}

void Child::read_output() {
    std::array<char, 4096> buffer{};
    // One that writes as fast as we read must not keep us from its end or the deadline.
    for (int reads = 0; reads < kReadsAtOnce; ++reads) {
        const ssize_t size = ::read(pipe_.get(), buffer.data(), buffer.size());
        if (size <= 0) {
            if (size == 0) {
                pipe_.reset();
            }
            return;
        }
        output_.append(buffer.data(), static_cast<std::size_t>(size));
        if (output_.size() > kOutputKept) {
            output_.erase(0, output_.size() - kOutputKept);
        }
    }
}

bool Child::wait(const Deadline& deadline) {
    while (true) {
        // poll(2) passes over a negative descriptor: the pipe after its end.
        std::array<pollfd, 2> waited{{{.fd = process_.get(), .events = POLLIN, .revents = 0},
                                      {.fd = pipe_.get(), .events = POLLIN, .revents = 0}}};
        const int ready =
            ::poll(waited.data(), waited.size(), static_cast<int>(deadline.left().count()));
        if (ready < 0 && errno != EINTR) {
            return false;
        }
        if (ready > 0 && waited[1].revents != 0) {
            read_output();
        }
        if (ready > 0 && waited[0].revents != 0) {
            read_output();
            return true;
        }
        if (deadline.passed()) {
            return false;
        }
    }
}

void Child::signal(int number) const {
    (void)::kill(-pid_, number);
}

int Child::finish() {
    if (pid_ < 0) {
        return 0;
    }
    const pid_t pid = std::exchange(pid_, -1);
    // Not reaped yet, so that its number still names its group and nobody else's.
    (void)::kill(-pid, SIGKILL);
    (void)::kill(pid, SIGKILL);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    kill_children_except(older_siblings_);
    return status;
}

}  // namespace install_cert::consumers
