// SPDX-License-Identifier: Apache-2.0
#include "consumers/transient_command.h"

#include <sys/random.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>
#include <tuple>
#include <utility>

#include <systemd/sd-bus.h>

#include "consumers/systemd_names.h"
#include "foundation/result.h"
#include "foundation/text.h"

namespace install_cert::consumers {

namespace {

// From SIGTERM to SIGKILL for what a command leaves running.
constexpr std::chrono::seconds kStopGrace{2};
// systemd keeps the time; this is for its signals to arrive.
constexpr std::chrono::seconds kMargin{3};
// systemd's own exit status for a program that it could not execute: see systemd.exec(5).
constexpr int kExitExec = 203;

std::string unit_name() {
    std::uint64_t random = 0;
    // A name that is taken is refused by systemd; it cannot be confused with another run.
    std::ignore = ::getrandom(&random, sizeof random, 0);
    std::array<char, 17> hex{};
    (void)std::snprintf(hex.data(), hex.size(), "%016llx", static_cast<unsigned long long>(random));
    return std::string("install_cert-hook-") + hex.data() + ".service";
}

// systemd expands $NAME in a command line, over D-Bus as well; $$ is a plain dollar.
std::string literal(const std::string& argument) {
    std::string escaped;
    for (const char c : argument) {
        escaped += c == '$' ? "$$" : std::string(1, c);
    }
    return escaped;
}

int append_strings(sd_bus_message* message, const std::vector<std::string>& strings) {
    int done = systemd().bus_message_open_container(message, 'a', "s");
    for (const std::string& text : strings) {
        if (done >= 0) {
            done = systemd().bus_message_append(message, "s", text.c_str());
        }
    }
    return done < 0 ? done : systemd().bus_message_close_container(message);
}

int append_environment(sd_bus_message* message, const std::vector<std::string>& environment) {
    int done = systemd().bus_message_open_container(message, 'r', "sv");
    done = done < 0 ? done : systemd().bus_message_append(message, "s", "Environment");
    done = done < 0 ? done : systemd().bus_message_open_container(message, 'v', "as");
    done = done < 0 ? done : append_strings(message, environment);
    done = done < 0 ? done : systemd().bus_message_close_container(message);
    return done < 0 ? done : systemd().bus_message_close_container(message);
}

// ("ExecStart", <a(sasb)>): path, argv, whether a failure is ignored.
int append_exec_start(sd_bus_message* message, const std::vector<std::string>& argv) {
    std::vector<std::string> literals;
    literals.reserve(argv.size());
    for (const std::string& argument : argv) {
        literals.push_back(literal(argument));
    }
    for (const auto& [type, contents] : {std::pair{'r', "sv"},
                                         std::pair{'v', "a(sasb)"},
                                         std::pair{'a', "(sasb)"},
                                         std::pair{'r', "sasb"}}) {
        int done = systemd().bus_message_open_container(message, type, contents);
        if (done >= 0 && *contents == 's' && contents[1] == 'v') {
            done = systemd().bus_message_append(message, "s", "ExecStart");
        }
        if (done < 0) {
            return done;
        }
    }
    int done = systemd().bus_message_append(message, "s", argv.front().c_str());
    if (done >= 0) {
        done = append_strings(message, literals);
    }
    if (done >= 0) {
        done = systemd().bus_message_append(message, "b", 0);
    }
    for (int level = 0; level < 4 && done >= 0; ++level) {
        done = systemd().bus_message_close_container(message);
    }
    return done;
}

int append_properties(sd_bus_message* message, const CommandRun& run) {
    constexpr std::array<std::pair<const char*, const char*>, 6> texts{{
        {"Description", "Reload after new certificates (install-cert)"},
        {"Type", "oneshot"},
        // SIGTERM for the command alone when its time is up, SIGKILL for what it left running: with
        // `control-group` a child that ignores SIGTERM would make a command that ended well fail.
        {"KillMode", "mixed"},
        // A failed one must not stay in `systemctl --failed`: the debt is what remembers it.
        {"CollectMode", "inactive-or-failed"},
        {"StandardOutput", "journal"},
        {"StandardError", "journal"},
    }};
    const std::array<std::pair<const char*, std::chrono::seconds>, 2> times{{
        {"TimeoutStartUSec", run.timeout},
        {"TimeoutStopUSec", kStopGrace},
    }};
    int done = systemd().bus_message_open_container(message, 'a', "(sv)");
    for (const auto& [name, text] : texts) {
        done = done < 0 ? done : systemd().bus_message_append(message, "(sv)", name, "s", text);
    }
    for (const auto& [name, time] : times) {
        done = done < 0 ? done
                        : systemd().bus_message_append(message, "(sv)", name, "t", micros(time));
    }
    done = done < 0 ? done : append_environment(message, run.environment);
    done = done < 0 ? done : append_exec_start(message, run.argv);
    return done < 0 ? done : systemd().bus_message_close_container(message);
}

// The start job's object path.
Result<std::string> start(SystemdBus& bus, const std::string& unit, const CommandRun& run) {
    auto message = bus.request("StartTransientUnit");
    if (!message) {
        return std::unexpected(std::move(message.error()));
    }
    int done = systemd().bus_message_append(message->get(), "ss", unit.c_str(), "fail");
    if (done >= 0) {
        done = append_properties(message->get(), run);
    }
    if (done >= 0) {
        done = systemd().bus_message_append(message->get(), "a(sa(sv))", 0);
    }
    if (done < 0) {
        return fail_bus("StartTransientUnit", done);
    }
    auto reply = bus.call(message->get(), Deadline(run.timeout));
    if (!reply) {
        return std::unexpected(std::move(reply.error()));
    }
    const char* job = nullptr;
    if (done = systemd().bus_message_read(reply->get(), "o", &job); done < 0) {
        return fail_bus("StartTransientUnit", done);
    }
    return std::string(job);
}

// systemd did not say in time that it is over, which its own timers should have brought about.
void kill_unit(SystemdBus& bus, const std::string& unit) {
    auto message = bus.request("KillUnit");
    if (message &&
        systemd().bus_message_append(message->get(), "ssi", unit.c_str(), "all", SIGKILL) >= 0) {
        // Nothing is left to be done where even this fails: it is reported as failed anyway.
        (void)bus.call(message->get(), Deadline(kMargin));
    }
}

std::string told_by(const UnitRun& ended, const CommandRun& run) {
    if (ended.result == "timeout") {
        return "still ran after " + to_human(run.timeout) + " and was killed";
    }
    if (ended.code == CLD_EXITED) {
        return ended.status == kExitExec ? "could not be executed"
                                         : "exited with status " + std::to_string(ended.status);
    }
    if (ended.code == CLD_KILLED || ended.code == CLD_DUMPED) {
        return "was killed by signal " + std::to_string(ended.status);
    }
    return "ended with systemd's result " + printable(ended.result);
}

ReloadOutcome failed(std::string what) {
    return {.state = ReloadState::failed, .what = std::move(what)};
}

}  // namespace

ReloadOutcome run_as_unit(SystemdBus& bus, const CommandRun& run) {
    const std::string unit = unit_name();
    const Deadline deadline(run.timeout + kStopGrace + kMargin);
    auto watched = bus.watch(unit);
    if (!watched) {
        return failed(std::move(watched.error().what));
    }
    const UnitRun& told = **watched;
    const auto job = start(bus, unit, run);
    if (!job) {
        return failed(job.error().what);
    }
    const auto result = bus.result_of(*job, deadline);
    if (!result) {
        kill_unit(bus, unit);
        return failed(result.error().what + " about " + unit);
    }
    if (*result != "done" && *result != "failed") {
        return failed("systemd's job for it ended: " + printable(*result));
    }
    // The job is over as soon as the main process is; the unit goes down when all of its control
    // group is gone.
    const auto is_down = [&] { return told.active == "inactive" || told.active == "failed"; };
    if (auto waited = bus.wait_until(is_down, deadline); !waited) {
        kill_unit(bus, unit);
    }
    if (*result == "done" && told.result == "success") {
        return {.state = ReloadState::done, .what = "exited with status 0"};
    }
    return failed(told_by(told, run) + " (journalctl -u " + unit + ")");
}

}  // namespace install_cert::consumers
