// SPDX-License-Identifier: Apache-2.0
#include "agent/supervisor/worker.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "foundation/handle.h"

extern char** environ;

namespace install_cert::supervisor {
namespace {

struct Attributes {
    posix_spawnattr_t value{};

    Attributes() { (void)::posix_spawnattr_init(&value); }

    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;

    ~Attributes() { (void)::posix_spawnattr_destroy(&value); }
};

struct FileActions {
    posix_spawn_file_actions_t value{};

    FileActions() { (void)::posix_spawn_file_actions_init(&value); }

    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;

    ~FileActions() { (void)::posix_spawn_file_actions_destroy(&value); }
};

std::vector<std::string> arguments_of(const Program& program, const TurnOrder& order) {
    std::vector<std::string> arguments{
        program.path, "turn", "--cause", std::string(to_string(order.cause))};
    arguments.insert(arguments.end(), program.arguments.begin(), program.arguments.end());
    arguments.emplace_back("--");
    arguments.insert(arguments.end(), order.names.begin(), order.names.end());
    return arguments;
}

Result<pid_t> spawn(const Program& program, const TurnOrder& order, int report) {
    Attributes attributes;
    sigset_t none;
    sigset_t all;
    (void)::sigemptyset(&none);
    (void)::sigfillset(&all);
    (void)::posix_spawnattr_setsigmask(&attributes.value, &none);
    (void)::posix_spawnattr_setsigdefault(&attributes.value, &all);
    (void)::posix_spawnattr_setpgroup(&attributes.value, 0);
    (void)::posix_spawnattr_setflags(
        &attributes.value, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    FileActions actions;
    (void)::posix_spawn_file_actions_adddup2(&actions.value, report, kReportDescriptor);

    std::vector<std::string> arguments = arguments_of(program, order);
    std::vector<char*> argv;
    for (std::string& argument : arguments) {
        argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    pid_t pid = -1;
    const int error = ::posix_spawn(
        &pid, program.path.c_str(), &actions.value, &attributes.value, argv.data(), environ);
    return error == 0 ? Result<pid_t>(pid)
                      : fail_errno(Failure::io, "starting " + program.path, error);
}

std::string read_report(int fd) {
    std::string text;
    std::array<char, 512> chunk{};
    while (text.size() <= kReportLimit) {
        const ssize_t size = ::read(fd, chunk.data(), chunk.size());
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size <= 0) {
            break;  // the end, or EAGAIN: whoever still holds the pipe has nothing to say
        }
        text.append(chunk.data(), static_cast<std::size_t>(size));
    }
    return text;
}

}  // namespace

Result<Worker> Worker::start(const Program& program, const TurnOrder& order, const Clock& clock) {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
        return fail_errno(Failure::io, "pipe", errno);
    }
    UniqueFd pipe(ends[0]);
    const UniqueFd report(ends[1]);
    const auto pid = spawn(program, order, report.get());
    if (!pid) {
        return std::unexpected(pid.error());
    }
    Worker worker{.pid = *pid,
                  .pidfd = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0))),
                  .pipe = std::move(pipe),
                  .killed_at = clock.since_boot() + kWorkerLimit};
    if (!worker.pidfd) {
        const int error = errno;
        worker.kill();
        (void)worker.finish();  // its end would never be noticed
        return fail_errno(Failure::io, "pidfd_open", error);
    }
    return worker;
}

void Worker::kill() const {
    (void)::kill(-pid, SIGKILL);
}

std::optional<TurnReport> Worker::finish() {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    const std::string text = read_report(pipe.get());
    return WIFEXITED(status) ? parse_report(text) : std::nullopt;
}

}  // namespace install_cert::supervisor
