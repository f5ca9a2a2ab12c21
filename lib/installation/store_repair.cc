// SPDX-License-Identifier: Apache-2.0
// repair(): modes, owners and links, in place and without issuing.
#include <algorithm>
#include <utility>

#include "installation/adoption.h"
#include "installation/condition.h"
#include "installation/generation_name.h"
#include "installation/generation_store.h"
#include "installation/links.h"
#include "installation/refusal.h"
#include "installation/site.h"

namespace install_cert::installation {
namespace {

// By descriptor, in a directory whose entries nobody else can exchange by now. A file that has a
// second name may be somebody else's, linked here so that we give it away: it is left alone.
// What is too wide is narrowed before the owner changes, and widened after.
Result<> repair_file(FileSystem& files,
                     const Site& site,
                     const Generation& generation,
                     const ConfiguredFile& wanted) {
    const std::string path = site.path_of(wanted.name);
    const auto file = files.open_file(generation.directory, wanted.name);
    const auto entry = file ? files.describe(*file) : Attempt<Entry>(std::unexpected(file.error()));
    if (!entry) {
        return refused(path, entry.error());
    }
    if (entry->links != 1) {
        return refused(path,
                       "has " + std::to_string(entry->links) +
                           " names; its owner and mode "
                           "stay as they are until the next renewal");
    }
    const mode_t narrow = entry->mode & wanted.mode;
    Attempt<> done;
    if (entry->mode != narrow) {
        done = files.set_mode(*file, narrow);
    }
    if (done && entry->owner != site.spec->ownership) {
        done = files.set_owner(*file, site.spec->ownership);
    }
    if (done && narrow != wanted.mode) {
        done = files.set_mode(*file, wanted.mode);
    }
    return done ? Result<>{} : refused(path, done.error());
}

Result<> repair_one(FileSystem& files,
                    const Site& site,
                    const Generation& generation,
                    const Drift& drift) {
    switch (drift.of) {
        case Drift::Of::home: {
            const auto taken = take_back(files, site.home, site.home_entry);
            return taken ? Result<>{} : refused(site.path, taken.error());
        }
        case Drift::Of::generation: {
            const auto taken = take_back(files, generation.directory, generation.entry);
            return taken ? Result<>{}
                         : refused(site.path_within_home(generation.name), taken.error());
        }
        case Drift::Of::file: {
            const auto configured = configured_files(*site.spec);
            return repair_file(files,
                               site,
                               generation,
                               *std::ranges::find(configured, drift.name, &ConfiguredFile::name));
        }
        case Drift::Of::link:
            return put_link(files, site, drift.name);
    }
    std::unreachable();
}

Result<std::vector<std::string>> repair_all(FileSystem& files,
                                            const Site& site,
                                            const Generation& generation) {
    const auto drift = find_drift(files, site, generation);
    if (!drift) {
        return std::unexpected(drift.error());
    }
    std::vector<std::string> done;
    if (drift->empty()) {
        return done;
    }
    // A file of somebody else's at one of our names is kept aside before a link takes its place.
    auto adopted = adopt(files, site);
    if (!adopted) {
        return adopted;
    }
    for (const Drift& one : *drift) {
        if (auto repaired = repair_one(files, site, generation, one); !repaired) {
            return std::unexpected(std::move(repaired.error()));
        }
        done.push_back("put right: " + one.what);
    }
    done.insert(done.end(), adopted->begin(), adopted->end());
    for (const Handle* changed :
         std::initializer_list<const Handle*>{&generation.directory, &site.home, &site.directory}) {
        if (const auto synced = files.sync(*changed); !synced) {
            return refused(site.path, synced.error());
        }
    }
    return done;
}

}  // namespace

Result<std::vector<std::string>> GenerationStore::repair(const role::CertificateSpec& spec) {
    const auto site = find_site(files_, root_, spec);
    if (!site || !*site) {
        return site ? Result<std::vector<std::string>>{} : std::unexpected(site.error());
    }
    const auto current = current_target(files_, **site);
    if (!current || !*current || !is_generation_name(**current)) {
        return current ? Result<std::vector<std::string>>{} : std::unexpected(current.error());
    }
    const auto generation = open_generation(files_, **site, **current);
    if (!generation || !*generation) {
        return generation ? Result<std::vector<std::string>>{}
                          : std::unexpected(generation.error());
    }
    return repair_all(files_, **site, **generation);
}

}  // namespace install_cert::installation
