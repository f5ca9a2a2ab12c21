// SPDX-License-Identifier: Apache-2.0
// A host on which turns are run one after the other, with real files, an issuer and services of the
// test's own, and a clock that it sets.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "agent/turn/turn.h"
#include "installation/posix_file_system.h"
#include "support/manual_clock.h"
#include "support/recording_services.h"
#include "support/temporary_directory.h"
#include "support/test_issuer.h"

namespace install_cert::agent {

inline role::CertificateSpec spec_of(const std::string& name) {
    role::CertificateSpec spec;
    spec.name = name;
    spec.mount = "kluster/pki";
    spec.pki_role = name;
    spec.method = role::Method::sign;
    spec.names = {.common_name = name + ".cluster.local",
                  .dns = {},
                  .ip = {"10.0.0.7"},
                  .uri = {},
                  .email = {}};
    spec.ttl = std::chrono::hours{720};
    spec.directory = "/etc/certs";
    spec.ownership = {.uid = ::geteuid(), .gid = ::getegid()};
    spec.files = {.ca = role::File{.name = name + "-ca.pem", .mode = 0644},
                  .certificate = role::File{.name = name + ".pem", .mode = 0644},
                  .key = role::File{.name = name + "-key.pem", .mode = 0600},
                  .response = {}};
    return spec;
}

inline role::Consumer unit(const std::string& name, role::When when) {
    return {.what = role::UnitConsumer{.unit = name, .action = role::UnitAction::restart},
            .when = when};
}

// One unit with two occasions: its new leaf is read when it is told to, a new CA at a start.
inline std::vector<role::Consumer> reloaded_and_restarted(const std::string& name) {
    return {
        unit(name, role::When::ca_change),
        {.what = role::UnitConsumer{.unit = name, .action = role::UnitAction::reload_or_restart},
         .when = role::When::certificate_change}};
}

// A host with one temporary root, on which turns are run one after the other.
struct Host {
    explicit Host(std::vector<std::string> names = {"web"}) {
        for (const std::string& name : names) {
            role.certificates.push_back(spec_of(name));
        }
        role.renewal.on_boot = role::OnBoot::when_due;
    }

    TurnReport turn(renewal::Wish wish = renewal::Wish::what_is_due,
                    TurnRequest::Patience patience = TurnRequest::Patience::keeps_backoff) {
        return run_turn(role, request(wish, patience), ports(), state);
    }

    [[nodiscard]] TurnRequest request(renewal::Wish wish, TurnRequest::Patience patience) const {
        TurnRequest request{
            .wish = wish,
            .certificates = {},
            .situation = {.now = clock.now(), .boot_id = boot_id, .machine_id = "machine"},
            .deadline = clock.since_boot() + BootTime{std::chrono::seconds{60}},
            .reloads_until = clock.since_boot() + BootTime{reloads_take},
            .patience = patience};
        std::ranges::transform(role.certificates,
                               std::back_inserter(request.certificates),
                               [](const auto& spec) { return &spec; });
        return request;
    }

    [[nodiscard]] TurnPorts ports() {
        return {.clock = clock,
                .store = store,
                .issuer = [this]() -> Result<issuance::Issuer*> { return &issuer; },
                .leave_vault = [this] { reloads_before_leaving = services.calls().size(); },
                .services = leaves_consumers_alone ? nullptr : &services,
                .care_for_tokens = {},
                .random = random,
                .save = [this](const State& now) -> Result<> {
                    if (disk_full) {
                        return fail(Failure::io, "state.json: No space left on device");
                    }
                    saved = now;
                    return {};
                },
                .sleep_until = [this](WallTime time) { clock.advance(time - clock.now()); }};
    }

    [[nodiscard]] std::filesystem::path file(const std::string& name) const {
        return root.path() / "etc/certs" / name;
    }

    [[nodiscard]] std::string content(const std::string& name) const {
        std::ifstream stream(file(name));
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    testing::TemporaryDirectory root;
    testing::ManualClock clock;
    installation::PosixFileSystem files;
    installation::GenerationStore store{files, root.string(), clock};
    testing::TestIssuer issuer{testing::TestAuthority::root("old CA"), clock};
    testing::RecordingServices services;
    role::Role role;
    State state;
    State saved;
    std::function<double()> random = [] { return 0.5; };
    std::chrono::seconds reloads_take = std::chrono::hours{1};
    std::optional<std::size_t> reloads_before_leaving;
    std::string boot_id = "first";
    bool leaves_consumers_alone = false;
    bool disk_full = false;  // no state is saved
};

}  // namespace install_cert::agent
