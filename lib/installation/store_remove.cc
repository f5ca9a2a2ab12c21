// SPDX-License-Identifier: Apache-2.0
// remove_generations(), collect(), remove(): taking away what is ours.
#include <algorithm>
#include <utility>

#include "installation/generation_name.h"
#include "installation/generation_store.h"
#include "installation/links.h"
#include "installation/refusal.h"
#include "installation/removal.h"
#include "installation/site.h"

namespace install_cert::installation {
namespace {

// A turn must not spend its time on a heap of litter; the next one goes on.
constexpr std::size_t kMostAtATime = 1000;

// A clock that was set back makes the age negative: no reason to wait for it to pass again.
bool is_within_grace(WallTime published, WallTime now) {
    return published <= now && now - published < kGrace;
}

// What is in the home and ours by name, `current` and what it leads to excepted.
Result<std::vector<std::string>> superfluous(FileSystem& files,
                                             const Site& site,
                                             const std::optional<std::string>& current,
                                             WallTime now) {
    auto names = files.list(site.home);
    if (!names) {
        return refused(site.path_within_home("."), names.error());
    }
    const auto link = files.look(site.home, std::string(kCurrent));
    const bool in_grace = link && is_within_grace(link->modified, now);
    std::erase_if(*names, [&](const std::string& name) {
        return name == current ||
               !(is_litter_name(name) || (is_generation_name(name) && !in_grace));
    });
    std::ranges::sort(*names);
    names->resize(std::min(names->size(), kMostAtATime));
    return std::move(*names);
}

Result<> remove_one(FileSystem& files, const Site& site, const std::string& name) {
    if (is_generation_name(name)) {
        // A crash may have come between the swap and this.
        (void)drop_former_links(files, site, name);
    }
    return remove_generation(files, site, name);
}

// Also at names that the configuration has no more.
Result<> remove_links(FileSystem& files, const Site& site) {
    const auto names = files.list(site.directory);
    if (!names) {
        return refused(site.path, names.error());
    }
    for (const std::string& name : *names) {
        const auto occupied = occupant(files, site, name);
        if (!occupied) {
            return std::unexpected(occupied.error());
        }
        if (occupied->by != Occupant::our_link && occupied->by != Occupant::astray) {
            continue;
        }
        if (const auto removed = files.remove_file(site.directory, name); !removed) {
            return refused(site.path_of(name), removed.error());
        }
    }
    return {};
}

// In place of our links and in one step each, so that a reader finds either. What is done already
// is found done after a crash.
Result<std::vector<std::string>> put_back(FileSystem& files, const Site& site) {
    std::vector<std::string> remarks;
    const std::string kept(kAdopted);
    const auto adopted = files.open_directory(site.home, kept);
    const auto names = adopted
                           ? files.list(*adopted)
                           : Attempt<std::vector<std::string>>(std::unexpected(adopted.error()));
    if (!names) {
        return names.error() == std::errc::no_such_file_or_directory
                   ? Result<std::vector<std::string>>(remarks)
                   : refused(site.path_within_home(kept), names.error());
    }
    for (const std::string& name : *names) {
        const auto occupied = occupant(files, site, name);
        if (!occupied) {
            return std::unexpected(occupied.error());
        }
        if (occupied->by == Occupant::plain_file || occupied->by == Occupant::foreign) {
            remarks.push_back(site.path_within_home(kept) + "/" + name +
                              " was left: another file has its name by now");
            continue;
        }
        if (const auto moved = files.rename(*adopted, name, site.directory, name); !moved) {
            return refused(site.path_of(name), moved.error());
        }
        remarks.push_back("put back " + site.path_of(name) + ", which was there before");
    }
    return remarks;
}

Result<> empty_home(FileSystem& files, const Site& site) {
    const auto names = files.list(site.home);
    if (!names) {
        return refused(site.path_within_home("."), names.error());
    }
    for (const std::string& name : *names) {
        Result<> removed;
        if (is_generation_name(name)) {
            removed = remove_generation(files, site, name);
        } else if (name == kAdopted) {
            const auto emptied = files.remove_directory(site.home, name);
            // What put_back() left stays.
            if (!emptied && emptied.error() != std::errc::directory_not_empty) {
                removed = refused(site.path_within_home(name), emptied.error());
            }
        } else if (is_litter_name(name)) {
            removed = remove_one(files, site, name);
        }
        if (!removed) {
            return removed;
        }
    }
    return {};
}

}  // namespace

void GenerationStore::remove_generations(std::span<const Superseded> superseded) {
    for (const Superseded& one : superseded) {
        const auto site = open_site(files_, root_, *one.spec);
        if (!site || !is_generation_name(one.generation)) {
            continue;
        }
        const auto current = current_target(files_, *site);
        if (current && *current != one.generation) {
            (void)remove_generation(files_, *site, one.generation);
        }
    }
}

Result<std::size_t> GenerationStore::collect(const role::CertificateSpec& spec) {
    const auto found = find_site(files_, root_, spec);
    if (!found || !*found) {
        return found ? Result<std::size_t>(0) : std::unexpected(found.error());
    }
    const Site& site = **found;
    const auto current = current_target(files_, site);
    if (!current) {
        return std::unexpected(current.error());
    }
    const auto names = superfluous(files_, site, *current, clock_.now());
    if (!names || names->empty()) {
        return names ? Result<std::size_t>(0) : std::unexpected(names.error());
    }
    // The swap away from what is removed now may have been cut off before it was durable.
    if (const auto synced = files_.sync(site.home); !synced) {
        return refused(site.path_within_home("."), synced.error());
    }
    std::size_t count = 0;
    Result<> outcome;
    for (const std::string& name : *names) {
        auto removed = remove_one(files_, site, name);
        if (removed) {
            ++count;
        } else if (outcome) {
            outcome = std::move(removed);
        }
    }
    return outcome ? Result<std::size_t>(count) : std::unexpected(std::move(outcome.error()));
}

Result<std::vector<std::string>> GenerationStore::remove(const role::CertificateSpec& spec) {
    const auto found = find_site(files_, root_, spec);
    if (!found || !*found) {
        return found ? Result<std::vector<std::string>>{} : std::unexpected(found.error());
    }
    const Site& site = **found;
    auto remarks = put_back(files_, site);
    if (!remarks) {
        return remarks;
    }
    // From the outside in: what is left after a crash is still found by its home.
    if (const auto removed = remove_links(files_, site); !removed) {
        return std::unexpected(removed.error());
    }
    const auto pointer = files_.remove_file(site.home, std::string(kCurrent));
    if (!pointer && pointer.error() != std::errc::no_such_file_or_directory) {
        return refused(site.path_within_home(kCurrent), pointer.error());
    }
    if (const auto emptied = empty_home(files_, site); !emptied) {
        return std::unexpected(emptied.error());
    }
    const bool something_stays = files_.look(site.home, std::string(kAdopted)).has_value();
    Attempt<> done =
        something_stays ? Attempt<>{} : files_.remove_directory(site.directory, home_name(spec));
    if (!done) {
        return refused(site.path_within_home("."), done.error());
    }
    done = files_.sync(site.directory);
    return done ? std::move(remarks) : refused(site.path, done.error());
}

}  // namespace install_cert::installation
