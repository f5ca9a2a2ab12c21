// SPDX-License-Identifier: Apache-2.0
// `run`: judges what lies on disk, tells systemd, and becomes the supervisor, which holds none of
// what was mapped for it.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <random>

#include "agent/commands/commands.h"
#include "agent/configuration/workplace.h"
#include "agent/process.h"
#include "agent/record/lock.h"
#include "agent/report/console.h"
#include "agent/supervisor/notifier.h"
#include "agent/turn/readiness.h"
#include "foundation/text.h"

namespace install_cert::agent {
namespace {

// So that a fleet that lost its power together does not come to Vault in one instant.
constexpr int kBootSpreadMilliseconds = 20'000;

struct FirstTurn {
    int delay_ms = 0;
    bool ready = false;
};

Result<std::string> own_path() {
    std::array<char, 4096> path{};
    const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
    if (size <= 0) {
        return fail_errno(Failure::io, "/proc/self/exe", errno);
    }
    return std::string(path.data(), static_cast<std::size_t>(size));
}

// PREFIX/bin/install-cert has its supervisor in PREFIX/libexec/install-cert/supervisor.
std::string supervisor_of(const std::string& program) {
    const std::string directory = program.substr(0, program.rfind('/'));
    return directory.substr(0, directory.rfind('/')) + "/libexec/install-cert/supervisor";
}

FirstTurn judge_disk(Workplace& workplace) {
    const auto notifier = supervisor::Notifier::before_exec();
    const Readiness readiness = judge_readiness(workplace);
    if (!readiness.ready) {
        notifier.tell("STATUS=waiting: " + printable(join(readiness.missing, "; "), 400));
        return {};
    }
    notifier.tell("READY=1\nSTATUS=every set on disk is valid");
    FirstTurn first{.ready = true};
    if (readiness.boot_renewal_due) {
        std::random_device entropy;
        first.delay_ms = std::uniform_int_distribution<int>(0, kBootSpreadMilliseconds)(entropy);
    }
    return first;
}

FirstTurn judge_record(const Options& options) {
    const auto recorded = Workplace::open(options, Workplace::From::recorded);
    return recorded ? judge_disk(**recorded) : FirstTurn{};
}

[[nodiscard]] int become_supervisor(const Options& options, const Places& places, FirstTurn first) {
    const auto program = own_path();
    if (!program) {
        return complain(program.error());
    }
    const std::string supervisor = supervisor_of(*program);
    std::vector<std::string> arguments{"install-cert: supervisor",
                                       places.runtime_directory,
                                       std::to_string(first.delay_ms),
                                       first.ready ? "ready" : "waiting",
                                       *program,
                                       "--config",
                                       places.config};
    if (!options.root.empty()) {
        arguments.insert(arguments.end(), {"--root", options.root});
    }
    if (options.reload) {
        arguments.emplace_back("--reload");
    }
    std::vector<char*> argv;
    std::ranges::transform(
        arguments, std::back_inserter(argv), [](std::string& text) { return text.data(); });
    argv.push_back(nullptr);
    (void)::execv(supervisor.c_str(), argv.data());
    return complain(fail_errno(Failure::io, supervisor, errno).error());
}

}  // namespace

int run(const Options& options, Secret environment_token) {
    if (!environment_token.empty()) {
        warn(
            "VAULT_TOKEN is ignored by 'run': the daemon reads its token from a file at each "
            "attempt");
        environment_token.wipe();
    }
    become_undumpable();
    const Places places(options.root, options.config);
    if (const auto made = make_private_directory(places.runtime_directory); !made) {
        return complain(made.error());
    }
    FirstTurn first;
    // Opening the files may ask DNS, which at boot may take a minute to say that it cannot. What
    // was recorded needs no answer, and nothing new was asked for since.
    const bool told = files_are_accepted(places) && judge_record(options).ready;
    auto workplace = Workplace::open(options);
    if (workplace) {
        for (const std::string& warning : (*workplace)->role.warnings) {
            warn(warning);
        }
        first = judge_disk(**workplace);
    } else if (!may_pass(workplace.error())) {
        return complain(workplace.error());
    } else {
        // An address or a user that is not there yet says nothing against the sets that are.
        first = judge_record(options);
    }
    first.ready = first.ready || told;
    return become_supervisor(options, places, first);
}

}  // namespace install_cert::agent
