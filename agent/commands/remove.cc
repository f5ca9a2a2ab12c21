// SPDX-License-Identifier: Apache-2.0
// `remove`: takes our files away again, after revoking their certificates where that is asked.
#include <memory>
#include <optional>
#include <utility>

#include "agent/commands/commands.h"
#include "agent/configuration/secret_reader.h"
#include "agent/configuration/workplace.h"
#include "agent/process.h"
#include "agent/record/former.h"
#include "agent/record/lock.h"
#include "agent/report/console.h"
#include "agent/supervisor/control.h"
#include "agent/turn/vault_session.h"

namespace install_cert::agent {
namespace {

struct Removal {
    Workplace& workplace;
    VaultSession& session;
    const Options& options;

    Result<> revoke(const role::CertificateSpec& spec,
                    const installation::InstalledSet& installed) {
        const std::string& serial = installed.leaf.facts().serial;
        const BootTime deadline = workplace.clock.since_boot() + options.timeout;
        const auto client = session.client();
        const auto revoked = client ? (*client)->revoke(spec.auth, spec.mount, serial, deadline)
                                    : Result<>(std::unexpected(client.error()));
        if (!revoked) {
            return while_doing("revoking " + serial + " (its files were left)", revoked.error());
        }
        say(spec.name + ": revoked " + serial + "\n");
        return {};
    }

    Result<> take_away(const role::CertificateSpec& spec) {
        const auto installed = workplace.store.read(spec);
        if (!installed) {
            return std::unexpected(installed.error());
        }
        if (!*installed) {
            say(spec.name + ": nothing is installed\n");
            return {};
        }
        if (options.dry_run) {
            say(spec.name + ": would be removed\n");
            return {};
        }
        // Revoked first: what is gone from the disk could not be named any more.
        if (options.revoke) {
            if (const auto revoked = revoke(spec, **installed); !revoked) {
                return revoked;
            }
        }
        const auto removed = workplace.store.remove(spec);
        if (!removed) {
            return std::unexpected(removed.error());
        }
        say(spec.name + ": removed\n");
        for (const std::string& remark : *removed) {
            say(spec.name + ": " + remark + "\n");
        }
        return {};
    }
};

// Nothing installed owes nothing: its requests stay counted, the rest is forgotten.
void forget(State& state, const std::string& name) {
    const auto known = state.certificates.find(name);
    if (known != state.certificates.end()) {
        known->second = CertificateState{.requests = std::move(known->second.requests)};
    }
}

Result<std::optional<TurnLock>> locked(const std::string& state_directory) {
    auto lock = TurnLock::take(state_directory);
    if (!lock) {
        return std::unexpected(lock.error());
    }
    return std::optional(std::move(*lock));
}

// It would obtain at once what is taken away here. What it knows no more is none of its business.
Result<> daemon_is_away(const Places& places, const Options& options) {
    if (options.former || options.dry_run) {
        return {};
    }
    const auto daemon = supervisor::connect_to(places.runtime_directory);
    if (!daemon) {
        return std::unexpected(daemon.error());
    }
    if (*daemon) {
        return fail(Failure::not_yet,
                    "the daemon of this host runs, and would obtain again what is removed",
                    "'systemctl stop install_cert' first; or take the certificate out of the "
                    "configuration, reload, and 'install-cert remove --former'");
    }
    return {};
}

}  // namespace

int remove(const Options& options, Secret environment_token) {
    become_undumpable();
    auto workplace = Workplace::open(options);
    if (!workplace) {
        return complain(workplace.error());
    }
    const Places& places = (*workplace)->places;
    if (const auto alone = daemon_is_away(places, options); !alone) {
        return complain(alone.error());
    }
    const role::Role former =
        options.former ? former_sets(places.state_directory, (*workplace)->role) : role::Role();
    const auto selected = options.former
                              ? select(former, options.operands, "of a former configuration")
                              : select((*workplace)->role, options.operands);
    if (!selected) {
        return complain(selected.error());
    }
    // A dry run leaves no trace, and waits for nobody.
    const auto lock = options.dry_run ? Result<std::optional<TurnLock>>(std::nullopt)
                                      : locked(places.state_directory);
    if (!lock) {
        return complain(lock.error());
    }
    VaultSession session(
        (*workplace)->role.vault,
        secret_reader(places, std::make_shared<const Secret>(std::move(environment_token))),
        (*workplace)->clock);
    Removal removal{.workplace = **workplace, .session = session, .options = options};
    State state = read_state(places.state_directory);
    std::optional<Failure> gravest;
    for (const role::CertificateSpec* const spec : *selected) {
        if (const auto removed = removal.take_away(*spec); !removed) {
            Error error = removed.error();
            error.what = spec->name + ": " + error.what;
            (void)complain(error);
            gravest = gravest ? graver(*gravest, error.kind) : error.kind;
        } else if (!options.dry_run &&
                   !(options.former && select((*workplace)->role, {spec->name}))) {
            forget(state, spec->name);
        }
    }
    if (!options.dry_run) {
        if (const auto saved = write_state(places.state_directory, state); !saved) {
            return complain(saved.error());
        }
        if (const auto noted =
                note_former(places.state_directory, (*workplace)->role, (*workplace)->store);
            !noted) {
            return complain(noted.error());
        }
    }
    return gravest ? exit_code(*gravest) : 0;
}

}  // namespace install_cert::agent
