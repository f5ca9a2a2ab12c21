// SPDX-License-Identifier: Apache-2.0
// `status`: the health of what is installed. Asks nothing of Vault.
#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/commands/commands.h"
#include "agent/commands/gate.h"
#include "agent/configuration/workplace.h"
#include "agent/process.h"
#include "agent/record/former.h"
#include "agent/report/console.h"
#include "agent/report/health.h"
#include "agent/turn/reloads.h"

namespace install_cert::agent {
namespace {

std::vector<Examined> examine_former(Workplace& workplace, const role::Role& former) {
    std::vector<Examined> found;
    for (const role::CertificateSpec& spec : former.certificates) {
        Examined examined{.spec = &spec,
                          .standing = Examined::Standing::former,
                          .installed = workplace.store.read(spec),
                          .paths = workplace.store.paths(spec)};
        if (!examined.installed || *examined.installed) {
            found.push_back(std::move(examined));
        }
    }
    return found;
}

Examined examine(Workplace& workplace,
                 const role::CertificateSpec& spec,
                 const State& state,
                 const Options& options) {
    Examined examined{.spec = &spec,
                      .installed = workplace.store.read(spec),
                      .paths = workplace.store.paths(spec)};
    const bool consumers_count = options.root.empty() || options.reload;
    const auto known = state.certificates.find(spec.name);
    if (consumers_count && examined.installed && *examined.installed &&
        known != state.certificates.end()) {
        examined.reloads_owed = reloads_owed(spec, **examined.installed, known->second);
    }
    return examined;
}

}  // namespace

int status(const Options& options) {
    if (options.wait) {
        return wait_until_ready(options);
    }
    become_undumpable();
    auto workplace = Workplace::open(options);
    if (!workplace) {
        (void)complain(workplace.error());
        return static_cast<int>(Health::unknown);
    }
    auto state = known_state((*workplace)->places.state_directory);
    if (!state) {
        state.error().way_out = "run it as root";
        (void)complain(state.error());
        return static_cast<int>(Health::unknown);
    }
    std::vector<Examined> examined;
    for (const role::CertificateSpec& spec : (*workplace)->role.certificates) {
        examined.push_back(examine(**workplace, spec, *state, options));
    }
    const role::Role former = former_sets((*workplace)->places.state_directory, (*workplace)->role);
    std::ranges::move(examine_former(**workplace, former), std::back_inserter(examined));
    const renewal::Situation situation = (*workplace)->situation();
    const HealthReport report = judge((*workplace)->role, examined, *state, situation);
    say(options.json ? to_json(report) : to_table(report, situation.now, colour_of_stdout()));
    return static_cast<int>(report.health);
}

}  // namespace install_cert::agent
