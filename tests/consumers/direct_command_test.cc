// SPDX-License-Identifier: Apache-2.0
// Commands as our own children: what they see, how they end, that nothing of them stays.
#include "consumers/direct_command.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "consumers/command_run.h"
#include "consumers/service_control.h"
#include "foundation/unique_fd.h"

namespace install_cert::consumers {

namespace {

constexpr std::chrono::seconds kAmple{60};
constexpr std::chrono::seconds kAtOnce{0};

ReloadOutcome run(std::vector<std::string> argv, std::chrono::seconds timeout = kAmple) {
    return run_directly({.argv = std::move(argv),
                         .environment = command_environment({.certificates = {"etcd-member", "b"}}),
                         .timeout = timeout});
}

ReloadOutcome shell(std::string script, std::chrono::seconds timeout = kAmple) {
    return run({"/bin/sh", "-c", std::move(script)}, timeout);
}

}  // namespace

TEST_CASE("a command's end is told with the last line of its output",
          "[consumers][fault-74][fault-S10]") {
    struct Row {
        std::string what;
        std::vector<std::string> argv;
        ReloadState state;
        std::string told;
    };

    const auto row = GENERATE(values<Row>({
        {"well", {"/bin/true"}, ReloadState::done, "exited with status 0"},
        {"with words",
         {"/bin/sh", "-c", "echo one; echo two >&2"},
         ReloadState::done,
         "exited with status 0: two"},
        {"badly",
         {"/bin/sh", "-c", "echo cannot reload; exit 3"},
         ReloadState::failed,
         "exited with status 3: cannot reload"},
        {"by a signal",
         {"/bin/sh", "-c", "kill -USR1 $$"},
         ReloadState::failed,
         "was killed by signal 10"},
        {"no such program",
         {"/nonexistent/hook"},
         ReloadState::failed,
         "/nonexistent/hook: No such file or directory"},
        {"a program that may not be executed",
         {"/etc/passwd"},
         ReloadState::failed,
         "/etc/passwd: Permission denied"},
        {"a directory", {"/etc"}, ReloadState::failed, "/etc: Permission denied"},
        {"escape sequences",
         {"/usr/bin/printf", "\\033[31mred"},
         ReloadState::done,
         "exited with status 0: \\x1b[31mred"},
        {"arguments are nobody's to expand",
         {"/bin/echo", "$HOME", "`id`", "a;b", "*"},
         ReloadState::done,
         "exited with status 0: $HOME `id` a;b *"},
    }));
    CAPTURE(row.what);

    const auto outcome = run(row.argv);

    CHECK(outcome.state == row.state);
    CHECK(outcome.what == row.told);
}

TEST_CASE("a command sees a clean environment and nothing of ours",
          "[consumers][fault-84][fault-S10]") {
    REQUIRE(::setenv("VAULT_TOKEN", "canary", 1) == 0);
    // Without O_CLOEXEC, as a careless library opens them.
    const UniqueFd leaked(::open("/dev/null", O_RDONLY));
    const auto [what,
                argv,
                expected] = GENERATE(table<std::string, std::vector<std::string>, std::string>({
        {"the environment",
         {"/usr/bin/env", "-0"},
         "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\\x00"
         "LANG=C.UTF-8\\x00INSTALL_CERT_NAMES=etcd-member b\\x00"},
        {"descriptors, 3 being the directory", {"/bin/ls", "-m", "/proc/self/fd"}, "0, 1, 2, 3"},
        {"its input is empty", {"/usr/bin/wc", "-c"}, "0"},
        {"the directory and the umask", {"/bin/sh", "-c", "echo $(pwd) $(umask)"}, "/ 0022"},
        {"no core files", {"/bin/sh", "-c", "ulimit -c"}, "0"},
        {"a session of its own",
         {"/bin/sh", "-c", "set -- $(cat /proc/$$/stat); test $6 = $$ && echo leader"},
         "leader"},
        {"SIGPIPE kills as usual", {"/bin/sh", "-c", "kill -PIPE $$; echo no"}, "13"},
    }));
    CAPTURE(what);
    struct sigaction ignored{};
    ignored.sa_handler = SIG_IGN;
    struct sigaction before{};
    REQUIRE(::sigaction(SIGPIPE, &ignored, &before) == 0);

    const auto outcome = run(argv);

    CHECK(::sigaction(SIGPIPE, &before, nullptr) == 0);
    CHECK_THAT(outcome.what, Catch::EndsWith(expected));
    CHECK(::unsetenv("VAULT_TOKEN") == 0);
}

TEST_CASE("a command whose time is up is killed", "[consumers][fault-79]") {
    const auto [what, script] = GENERATE(table<std::string, std::string>({
        {"a sleeper", "exec sleep 1000"},
        {"one with children", "sleep 1000 & sleep 1000"},
        {"one that closed its output", "exec >/dev/null 2>&1 sleep 1000"},
        {"one that writes without end", "exec yes"},
    }));
    CAPTURE(what);

    const auto outcome = shell(script, kAtOnce);

    CHECK(outcome.state == ReloadState::failed);
    CHECK_THAT(outcome.what, Catch::StartsWith("still ran after 0s and was killed"));
}

TEST_CASE("what a command leaves running is killed with it", "[consumers][fault-84]") {
    const auto [what, script] = GENERATE(table<std::string, std::string>({
        {"a child", "sleep 1000 & echo $!"},
        {"a child that holds the output open", "sleep 1000 >&2 & echo $!"},
        {"a child in a session of its own", "setsid sleep 1000 & echo $!"},
        {"a grandchild whose parent went", "setsid sh -c 'sleep 1000 & echo $!; exit 0'; exit 0"},
    }));
    CAPTURE(what);

    const auto outcome = shell(script);

    const std::string start = "exited with status 0: ";
    REQUIRE_THAT(outcome.what, Catch::StartsWith(start));
    const pid_t left = std::stoi(outcome.what.substr(start.size()));
    CHECK(::kill(left, 0) == -1);
    CHECK(errno == ESRCH);
}

TEST_CASE("a command's end spares our other children", "[consumers]") {
    const pid_t sibling = ::fork();
    REQUIRE(sibling >= 0);
    if (sibling == 0) {
        while (true) {
            ::pause();
        }
    }

    const auto outcome = shell("setsid sleep 1000 & exit 0");

    CHECK(outcome.state == ReloadState::done);
    CHECK(::waitpid(sibling, nullptr, WNOHANG) == 0);
    CHECK(::kill(sibling, SIGKILL) == 0);
    CHECK(::waitpid(sibling, nullptr, 0) == sibling);
}

TEST_CASE("of much output only the end is kept", "[consumers][fault-84]") {
    SECTION("many lines") {
        CHECK(shell("head -c 50000000 /dev/zero | tr '\\0' '\\n'; echo end").what ==
              "exited with status 0: end");
    }
    SECTION("one endless line is cut") {
        const auto outcome = shell("head -c 100000 /dev/zero | tr '\\0' x");
        CHECK(outcome.state == ReloadState::done);
        CHECK(outcome.what.size() < 300);
        CHECK_THAT(outcome.what, Catch::EndsWith("xxx..."));
    }
}

}  // namespace install_cert::consumers
