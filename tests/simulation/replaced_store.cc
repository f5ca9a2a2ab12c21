// SPDX-License-Identifier: Apache-2.0
// GenerationStore on a table, in place of lib/installation's: its own promises are proven
// elsewhere, here they are taken as given, with all the failures that its contract names.
#include "simulation/disk.h"

namespace install_cert::installation {
namespace {

using simulation::Disk;
using simulation::DiskMood;
using simulation::Home;
using simulation::StoredSet;

Disk& disk_of(FileSystem& files) {
    return static_cast<Disk&>(files);
}

Home& enter(FileSystem& files, const role::CertificateSpec& spec, const char* step) {
    Disk& disk = disk_of(files);
    disk.on_step(step);
    return disk.homes[spec.name];
}

FileNames names_of(const role::Files& files) {
    const auto name = [](const std::optional<role::File>& file) {
        return file ? std::optional(file->name) : std::nullopt;
    };
    return {.ca = name(files.ca),
            .certificate = name(files.certificate),
            .key = name(files.key),
            .response = name(files.response)};
}

Result<> writable(FileSystem& files, const role::CertificateSpec& spec) {
    switch (disk_of(files).mood) {
        case DiskMood::full:
            return fail(Failure::cannot_write, spec.directory + ": no space left on device");
        case DiskMood::read_only:
            return fail(Failure::cannot_write, spec.directory + ": read-only file system");
        case DiskMood::good:
        case DiskMood::does_not_sync:
            break;
    }
    return {};
}

}  // namespace

GenerationStore::GenerationStore(FileSystem& files, std::string root, const Clock& clock)
    : files_(files), root_(std::move(root)), clock_(clock) {}

Result<std::optional<InstalledSet>> GenerationStore::read(const role::CertificateSpec& spec) {
    const Home& home = enter(files_, spec, "read");
    return home.current ? std::optional(home.current->set) : std::nullopt;
}

Result<x509::PrivateKey> GenerationStore::read_key(const role::CertificateSpec& spec,
                                                   const InstalledSet&) {
    return x509::PrivateKey::from_pem(enter(files_, spec, "read_key").current->key);
}

Result<Secret> GenerationStore::read_response(const role::CertificateSpec& spec,
                                              const InstalledSet&) {
    return Secret(enter(files_, spec, "read_response").current->response);
}

Result<std::vector<std::string>> GenerationStore::prove_writable(
    const role::CertificateSpec& spec) {
    (void)enter(files_, spec, "prove_writable");
    if (auto can = writable(files_, spec); !can) {
        return std::unexpected(can.error());
    }
    return std::vector<std::string>{};
}

Result<Staged> GenerationStore::stage(const role::CertificateSpec& spec,
                                      const issuance::VerifiedSet& set,
                                      const Provenance& provenance) {
    Home& home = enter(files_, spec, "stage");
    if (auto can = writable(files_, spec); !can) {
        return std::unexpected(can.error());
    }
    std::string name = "g" + std::to_string(++disk_of(files_).generations);
    std::string trust;
    for (const issuance::TrustedAuthority& authority : set.trust()) {
        trust += authority.certificate.facts().fingerprint + " ";
    }
    home.staged.emplace(name,
                        StoredSet{.set = {.generation = name,
                                          .provenance = provenance,
                                          .files = names_of(spec.files),
                                          .leaf = set.leaf().clone(),
                                          .intermediates = {},
                                          .trust = set.trust(),
                                          .damage = {},
                                          .drift = {}},
                                  .key = set.key().public_key(),
                                  .response = std::string(set.response().reveal()),
                                  .trust = std::move(trust)});
    return Staged{.spec = &spec, .generation = std::move(name)};
}

std::vector<Result<Published>> GenerationStore::publish(std::span<const Staged> staged) {
    std::vector<Result<Published>> results;
    for (const Staged& one : staged) {
        Home& home = enter(files_, *one.spec, "publish");
        auto set = home.staged.extract(one.generation);
        if (auto can = writable(files_, *one.spec); !can) {
            results.emplace_back(std::unexpected(can.error()));
            continue;
        }
        Published published{.generation = one.generation};
        home.durable = disk_of(files_).mood != DiskMood::does_not_sync;
        published.durable = home.durable;
        if (home.current && home.durable) {
            published.superseded.push_back(
                {.spec = one.spec, .generation = home.current->set.generation});
        }
        home.before =
            std::exchange(home.current, std::make_shared<const StoredSet>(std::move(set.mapped())));
        results.emplace_back(std::move(published));
        disk_of(files_).on_step("published");
    }
    return results;
}

Result<std::vector<std::string>> GenerationStore::repair(const role::CertificateSpec& spec) {
    Home& home = enter(files_, spec, "repair");
    if (auto can = writable(files_, spec); !can) {
        return std::unexpected(can.error());
    }
    std::vector<std::string> repaired = home.current->set.drift;
    home.change([](InstalledSet& set) { set.drift.clear(); });
    return repaired;
}

void GenerationStore::remove_generations(std::span<const Superseded>) {}

Result<std::size_t> GenerationStore::collect(const role::CertificateSpec& spec) {
    Home& home = enter(files_, spec, "collect");
    if (auto can = writable(files_, spec); !can) {
        return std::unexpected(can.error());
    }
    return std::exchange(home.staged, {}).size();
}

Result<std::vector<std::string>> GenerationStore::remove(const role::CertificateSpec& spec) {
    enter(files_, spec, "remove") = {};
    return std::vector<std::string>{};
}

std::vector<std::string> GenerationStore::paths(const role::CertificateSpec&) const {
    return {};
}

}  // namespace install_cert::installation

namespace install_cert::simulation {

void Disk::cut_power() {
    for (auto& [name, home] : homes) {
        if (!home.durable && home.before) {
            home.current = home.before;
        }
        home.durable = true;
    }
}

}  // namespace install_cert::simulation
