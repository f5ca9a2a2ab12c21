// SPDX-License-Identifier: Apache-2.0
// What becomes of consumers under a scripted systemd on its private socket.
#include "consumers/systemd_service_control.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "consumers/fake_systemd.h"
#include "consumers/service_control.h"
#include "role/role.h"

namespace install_cert::consumers {

namespace {

using role::UnitAction;

constexpr const char* kNowhere = "unix:path=/nonexistent/socket";

SystemdServiceControl services(const FakeSystemd& systemd) {
    return SystemdServiceControl(ServiceHost::systemd,
                                 {.system_bus = kNowhere, .private_socket = systemd.address()});
}

role::Consumer unit(UnitAction action, std::chrono::seconds timeout = std::chrono::seconds{60}) {
    return {.what = role::UnitConsumer{.unit = "etcd.service", .action = action},
            .timeout = timeout};
}

role::Consumer command(std::vector<std::string> argv) {
    return {.what = role::CommandConsumer{.argv = std::move(argv)},
            .timeout = std::chrono::seconds{20}};
}

}  // namespace

TEST_CASE("a unit's state decides whether it is reloaded",
          "[consumers][fault-80][fault-81][fault-86]") {
    struct Row {
        std::string what;
        FakeUnit unit;
        UnitAction action;
        ReloadState state;
        std::string told;
        std::string call;  // empty: nothing is asked of systemd
    };

    constexpr auto either = UnitAction::reload_or_restart;
    const auto row = GENERATE_COPY(values<Row>({
        {"running", {}, either, ReloadState::done, "done", "ReloadOrTryRestartUnit"},
        {"running, reload", {}, UnitAction::reload, ReloadState::done, "done", "ReloadUnit"},
        {"running, restart", {}, UnitAction::restart, ReloadState::done, "done", "TryRestartUnit"},
        {"reloading",
         {.active = "reloading"},
         either,
         ReloadState::done,
         "done",
         "ReloadOrTryRestartUnit"},
        {"stopped", {.active = "inactive"}, either, ReloadState::not_running, "it is inactive", ""},
        {"failed", {.active = "failed"}, either, ReloadState::not_running, "it is failed", ""},
        {"stopping",
         {.active = "deactivating"},
         either,
         ReloadState::not_running,
         "it is deactivating",
         ""},
        {"between two attempts of Restart=",
         {.active = "activating", .sub = "auto-restart"},
         either,
         ReloadState::not_running,
         "it is activating",
         ""},
        {"starting, then up",
         {.active = "activating", .sub = "start", .becomes = "active"},
         either,
         ReloadState::done,
         "done",
         "ReloadOrTryRestartUnit"},
        {"starting, then failed",
         {.active = "activating", .sub = "start", .becomes = "failed"},
         either,
         ReloadState::not_running,
         "it is failed",
         ""},
        {"starting, to be restarted",
         {.active = "activating", .sub = "start"},
         UnitAction::restart,
         ReloadState::done,
         "done",
         "TryRestartUnit"},
        {"unknown",
         {.load = "not-found", .active = "inactive"},
         either,
         ReloadState::missing,
         "the unit is not-found",
         ""},
        {"masked",
         {.load = "masked", .active = "inactive"},
         either,
         ReloadState::missing,
         "the unit is masked",
         ""},
        {"job failed",
         {.job_result = "failed"},
         either,
         ReloadState::failed,
         "systemd's job ended: failed",
         "ReloadOrTryRestartUnit"},
        {"job timed out",
         {.job_result = "timeout"},
         either,
         ReloadState::failed,
         "systemd's job ended: timeout",
         "ReloadOrTryRestartUnit"},
        {"job canceled",
         {.job_result = "canceled"},
         either,
         ReloadState::failed,
         "systemd's job ended: canceled",
         "ReloadOrTryRestartUnit"},
        {"a dependency failed",
         {.job_result = "dependency"},
         either,
         ReloadState::failed,
         "systemd's job ended: dependency",
         "ReloadOrTryRestartUnit"},
        {"it stopped before the job ran",
         {.job_result = "skipped"},
         either,
         ReloadState::not_running,
         "it stopped meanwhile",
         "ReloadOrTryRestartUnit"},
    }));
    CAPTURE(row.what);
    FakeSystemd systemd;
    systemd.units["etcd.service"] = row.unit;

    const auto outcome = services(systemd).reload(unit(row.action), {});

    CHECK(outcome.state == row.state);
    CHECK(outcome.what == row.told);
    const std::vector<std::string> expected =
        row.call.empty() ? std::vector<std::string>{}
                         : std::vector<std::string>{row.call + " etcd.service replace"};
    CHECK(systemd.calls() == expected);
}

TEST_CASE("a systemd that does not do as asked leaves the reload owed", "[consumers][fault-81]") {
    FakeSystemd systemd;
    systemd.units["etcd.service"] = {};
    auto patience = std::chrono::seconds{60};
    std::string told;
    std::string late = "never";
    SECTION("it refuses the job") {
        systemd.refuses = "ReloadOrTryRestartUnit";
        told = "ReloadOrTryRestartUnit is\\nrefused";
    }
    SECTION("it refuses to tell the unit's state") {
        systemd.refuses = "Get";
        told = "LoadState: Get is\\nrefused";
    }
    SECTION("the job never ends") {
        systemd.units["etcd.service"].job_result = "";
        patience = std::chrono::seconds{1};
        late = "timed out";
        told = "systemd's job did not end in time";
    }
    SECTION("the unit never finishes starting") {
        systemd.units["etcd.service"].active = "activating";
        patience = std::chrono::seconds{1};
        late = "timed out";
        told = "it is still starting: no answer in time";
    }
    SECTION("it never answers") {
        systemd.ignores = "ReloadOrTryRestartUnit";
        patience = std::chrono::seconds{1};
        late = "timed out";
        told = "systemd: Connection timed out";
    }

    const auto outcome =
        services(systemd).reload(unit(UnitAction::reload_or_restart, patience), {});

    CHECK(outcome.state == ReloadState::failed);
    CHECK_THAT(outcome.what, Catch::StartsWith(told) || Catch::Contains(late));
}

TEST_CASE("a command runs as a transient unit, literally", "[consumers][fault-S10]") {
    FakeSystemd systemd;

    const auto outcome =
        services(systemd).reload(command({"/usr/local/bin/after-renewal", "$HOME", "a b"}),
                                 {.certificates = {"etcd-member", "kube-apiserver"}});

    CHECK(outcome.state == ReloadState::done);
    CHECK(outcome.what == "exited with status 0");
    const auto calls = systemd.calls();
    REQUIRE(calls.size() == 11);
    CHECK_THAT(calls[0],
               Catch::Matches("StartTransientUnit install_cert-hook-[0-9a-f]{16}\\.service fail"));
    const std::vector<std::string> properties(calls.begin() + 1, calls.end());
    CHECK(properties ==
          std::vector<std::string>{
              "Description=Reload after new certificates (install-cert)|",
              "Type=oneshot|",
              "KillMode=mixed|",
              "CollectMode=inactive-or-failed|",
              "StandardOutput=journal|",
              "StandardError=journal|",
              "TimeoutStartUSec=20000000|",
              "TimeoutStopUSec=2000000|",
              "Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin|"
              "LANG=C.UTF-8|INSTALL_CERT_NAMES=etcd-member kube-apiserver|",
              "ExecStart=/usr/local/bin/after-renewal|/usr/local/bin/after-renewal|$$HOME|a b|",
          });
}

TEST_CASE("a transient unit's end is told apart", "[consumers]") {
    struct Row {
        std::string what;
        FakeRun run;
        ReloadState state;
        std::string told;
    };

    const auto row = GENERATE(values<Row>({
        {"status 3",
         {.job_result = "failed", .active = "failed", .result = "exit-code", .status = 3},
         ReloadState::failed,
         "exited with status 3 (journalctl -u install_cert-hook-"},
        {"no such program",
         {.job_result = "failed", .active = "failed", .result = "exit-code", .status = 203},
         ReloadState::failed,
         "could not be executed"},
        {"a signal",
         {.job_result = "failed", .active = "failed", .result = "signal", .code = 2, .status = 11},
         ReloadState::failed,
         "was killed by signal 11"},
        {"its time",
         {.job_result = "failed", .active = "failed", .result = "timeout", .code = 2, .status = 15},
         ReloadState::failed,
         "still ran after 20s and was killed"},
        {"never run, since the host goes down",
         {.job_result = "canceled"},
         ReloadState::failed,
         "systemd's job for it ended: canceled"},
    }));
    CAPTURE(row.what);
    FakeSystemd systemd;
    systemd.next_run = row.run;

    const auto outcome = services(systemd).reload(command({"/bin/hook"}), {});

    CHECK(outcome.state == row.state);
    CHECK_THAT(outcome.what, Catch::StartsWith(row.told));
}

TEST_CASE("a transient unit that systemd refuses leaves the reload owed", "[consumers]") {
    FakeSystemd systemd;
    systemd.refuses = "StartTransientUnit";

    const auto outcome = services(systemd).reload(command({"/bin/hook"}), {});

    CHECK(outcome.state == ReloadState::failed);
    CHECK(outcome.what == "StartTransientUnit is\\nrefused");
}

TEST_CASE("where no systemd answers, units stay owed", "[consumers][fault-86]") {
    const auto [what, host, told] = GENERATE(table<std::string, ServiceHost, std::string>({
        {"none runs", ServiceHost::none, "systemd does not run here, and only it can"},
        {"it cannot be reached", ServiceHost::systemd, "asking systemd over D-Bus: "},
    }));
    CAPTURE(what);
    SystemdServiceControl control(host, {.system_bus = kNowhere, .private_socket = kNowhere});

    const auto outcome = control.reload(unit(UnitAction::reload), {});

    CHECK(outcome.state == ReloadState::failed);
    CHECK_THAT(outcome.what, Catch::StartsWith(told));
    const auto known = control.knows("etcd.service");
    REQUIRE(!known);
    CHECK(known.error().kind == Failure::unavailable);
}

TEST_CASE("commands need no systemd where none may be used", "[consumers]") {
    const auto host = GENERATE(ServiceHost::none, ServiceHost::systemd_user);
    SystemdServiceControl control(host, {.system_bus = kNowhere, .private_socket = kNowhere});

    const auto outcome = control.reload(command({"/usr/bin/printenv", "INSTALL_CERT_NAMES"}),
                                        {.certificates = {"a", "b"}});

    CHECK(outcome.state == ReloadState::done);
    CHECK(outcome.what == "exited with status 0: a b");
}

TEST_CASE("a unit is known when systemd can load it", "[consumers]") {
    const auto [what, load, known] = GENERATE(table<std::string, std::string, bool>({
        {"loaded", "loaded", true},
        {"with a broken setting", "bad-setting", true},
        {"masked", "masked", false},
        {"not found", "not-found", false},
    }));
    CAPTURE(what);
    FakeSystemd systemd;
    systemd.units["etcd.service"] = {.load = load};

    const auto answer = services(systemd).knows("etcd.service");

    REQUIRE(answer);
    CHECK(*answer == known);
}

}  // namespace install_cert::consumers
