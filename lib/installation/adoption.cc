// SPDX-License-Identifier: Apache-2.0
#include "installation/adoption.h"

#include <utility>

#include "installation/generation_name.h"
#include "installation/links.h"
#include "installation/refusal.h"

namespace install_cert::installation {
namespace {

// What lies at a name of ours is PEM or JSON: a larger file is something else, put there in error.
constexpr std::size_t kAdoptedLimit = std::size_t{4} << 20;
constexpr mode_t kPublicDirectory = 0755;
constexpr mode_t kReadAndWrite = 0666;

enum class KeptBefore : std::uint8_t { stays, is_replaced };

Result<std::vector<std::string>> plain_files(FileSystem& files, const Site& site) {
    std::vector<std::string> names;
    for (const ConfiguredFile& file : configured_files(*site.spec)) {
        auto occupied = occupant(files, site, file.name);
        if (!occupied) {
            return std::unexpected(std::move(occupied.error()));
        }
        if (occupied->by == Occupant::plain_file) {
            names.push_back(file.name);
        }
    }
    return names;
}

Attempt<Directory> open_adopted(FileSystem& files, const Site& site) {
    const std::string name(kAdopted);
    auto adopted = files.open_directory(site.home, name);
    if (!adopted && adopted.error() == std::errc::no_such_file_or_directory) {
        adopted = files.make_directory(site.home, name);
    }
    if (adopted) {
        if (const auto opened = files.set_mode(*adopted, kPublicDirectory); !opened) {
            return std::unexpected(opened.error());
        }
    }
    return adopted;
}

Attempt<> write_copy(FileSystem& files, const Site& site, const OpenFile& original) {
    const auto entry = files.describe(original);
    const auto content = entry ? files.read(original, kAdoptedLimit)
                               : Attempt<Secret>(std::unexpected(entry.error()));
    if (!content) {
        return std::unexpected(content.error());
    }
    const std::string fresh(kNewCopy);
    (void)files.remove_file(site.home, fresh);  // left by a crash
    const auto copy = files.create_file(site.home, fresh);
    if (!copy) {
        return std::unexpected(copy.error());
    }
    Attempt<> done = files.write(*copy, content->reveal());
    if (done) {
        done = files.set_owner(*copy, entry->owner);
    }
    if (done) {
        done = files.set_mode(*copy, entry->mode & kReadAndWrite);
    }
    return done ? files.sync(*copy) : done;
}

Attempt<> copy_aside(FileSystem& files,
                     const Site& site,
                     const Directory& adopted,
                     const std::string& name) {
    const auto original = files.open_file(site.directory, name);
    if (!original) {
        return std::unexpected(original.error());
    }
    const std::string fresh(kNewCopy);
    Attempt<> done = write_copy(files, site, *original);
    if (done) {
        done = files.rename(site.home, fresh, adopted, name);
    }
    if (!done) {
        (void)files.remove_file(site.home, fresh);
    }
    return done;
}

Result<> copy_all_aside(FileSystem& files,
                        const Site& site,
                        const std::vector<std::string>& names,
                        KeptBefore kept) {
    const auto adopted = open_adopted(files, site);
    if (!adopted) {
        return refused(site.path_within_home(kAdopted), adopted.error());
    }
    for (const std::string& name : names) {
        if (kept == KeptBefore::stays && files.look(*adopted, name)) {
            continue;
        }
        if (const auto copied = copy_aside(files, site, *adopted, name); !copied) {
            return while_doing("keeping a copy aside",
                               refused(site.path_of(name), copied.error()).error());
        }
    }
    Attempt<> synced = files.sync(*adopted);
    if (synced) {
        synced = files.sync(site.home);
    }
    return synced ? Result<>{} : refused(site.path_within_home(kAdopted), synced.error());
}

// The pointer is durable before the first name depends on it.
Result<> lead_through_current(FileSystem& files,
                              const Site& site,
                              const std::vector<std::string>& names) {
    if (auto pointed = point_current(files, site, std::string(kAdopted)); !pointed) {
        return pointed;
    }
    Attempt<> synced = files.sync(site.home);
    if (synced) {
        synced = files.sync(site.directory);
    }
    if (!synced) {
        return refused(site.path_within_home(kCurrent), synced.error());
    }
    for (const std::string& name : names) {
        if (auto put = put_link(files, site, name); !put) {
            return put;
        }
    }
    return {};
}

}  // namespace

Result<std::vector<std::string>> adopt(FileSystem& files, const Site& site) {
    const auto names = plain_files(files, site);
    if (!names || names->empty()) {
        return names;
    }
    const auto current = current_target(files, site);
    if (!current) {
        return std::unexpected(current.error());
    }
    const bool leads_somewhere = *current && files.open_directory(site.home, **current);
    // Where `current` leads somewhere, names may already lead to the copies: those stay.
    const KeptBefore kept = leads_somewhere ? KeptBefore::stays : KeptBefore::is_replaced;
    if (auto copied = copy_all_aside(files, site, *names, kept); !copied) {
        return std::unexpected(std::move(copied.error()));
    }
    if (!leads_somewhere || **current == kAdopted) {
        if (auto led = lead_through_current(files, site, *names); !led) {
            return std::unexpected(std::move(led.error()));
        }
    }
    std::vector<std::string> remarks;
    for (const std::string& name : *names) {
        remarks.push_back("adopted " + site.path_of(name) + ": what it was is kept in " +
                          site.path_within_home(kAdopted));
    }
    return remarks;
}

}  // namespace install_cert::installation
