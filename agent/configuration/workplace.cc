// SPDX-License-Identifier: Apache-2.0
#include "agent/configuration/workplace.h"

#include <utility>

#include "agent/record/recorded.h"
#include "host/facts.h"

namespace install_cert::agent {

namespace {

std::expected<Configuration, std::vector<Error>> load(const Places& places, Workplace::From from) {
    switch (from) {
        case Workplace::From::files:
            return load_configuration(places);
        case Workplace::From::accepted:
            return load_accepted(places);
        case Workplace::From::recorded:
            break;
    }
    auto role = read_recorded(places.state_directory);
    if (!role) {
        return std::unexpected(std::vector{std::move(role.error())});
    }
    return Configuration{.role = std::move(*role), .texts = {}};
}

}  // namespace

Workplace::Workplace(Places where, Configuration what, std::string boot_id, std::string machine_id)
    : places(std::move(where)),
      role(std::move(what.role)),
      texts(std::move(what.texts)),
      store(files, places.root, clock),
      boot_id_(std::move(boot_id)),
      machine_id_(std::move(machine_id)) {}

std::expected<std::unique_ptr<Workplace>, std::vector<Error>> Workplace::open(
    const Options& options, From from) {
    Places places(options.root, options.config);
    auto configuration = load(places, from);
    if (!configuration) {
        return std::unexpected(std::move(configuration.error()));
    }
    auto boot_id = host::boot_id();
    if (!boot_id) {
        return std::unexpected(std::vector{std::move(boot_id.error())});
    }
    // An image without a machine id spreads by name; two such hosts renew together, and nothing
    // else.
    auto machine_id = host::machine_id();
    if (!machine_id) {
        machine_id = host::hostname();
    }
    return std::unique_ptr<Workplace>(new Workplace(std::move(places),
                                                    std::move(*configuration),
                                                    std::move(*boot_id),
                                                    machine_id.value_or("")));
}

renewal::Situation Workplace::situation() const {
    return {.now = clock.now(), .boot_id = boot_id_, .machine_id = machine_id_};
}

}  // namespace install_cert::agent
