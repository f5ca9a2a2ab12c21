// SPDX-License-Identifier: Apache-2.0
#include "installation/site.h"

#include <utility>

#include "installation/directory_walk.h"
#include "installation/generation_name.h"
#include "installation/refusal.h"

namespace install_cert::installation {
namespace {

constexpr mode_t kPublicDirectory = 0755;

std::optional<std::string> name_of(const std::optional<role::File>& file) {
    return file ? std::optional(file->name) : std::nullopt;
}

Walk walk_to(FileSystem& files, const std::string& root, const role::CertificateSpec& spec) {
    return Walk{.root = root,
                .path = spec.directory,
                .trusted = {.us = files.user(), .owner = spec.ownership},
                .missing = Missing::stay};
}

enum class Home : std::uint8_t { missing, entered };

Result<Home> enter_home(FileSystem& files, Site& site) {
    const std::string name = home_name(*site.spec);
    auto home = files.open_directory(site.directory, name);
    if (!home) {
        if (home.error() == std::errc::no_such_file_or_directory) {
            return Home::missing;
        }
        return refused(site.path_of(name), home.error());
    }
    const auto entry = files.describe(*home);
    if (!entry) {
        return refused(site.path_of(name), entry.error());
    }
    const uid_t owner = entry->owner.uid;
    if (owner != 0 && owner != files.user() && owner != site.spec->ownership.uid) {
        return refused(site.path_of(name),
                       "belongs to uid " + std::to_string(owner) +
                           ", who is neither us nor the configured owner");
    }
    site.home = std::move(*home);
    site.home_entry = *entry;
    return Home::entered;
}

Result<> require_ours(FileSystem& files, const Site& site) {
    if (is_ours(files, site.home_entry)) {
        return {};
    }
    return refused(site.path_of(home_name(*site.spec)),
                   "belongs to uid " + std::to_string(site.home_entry.owner.uid) + ", mode " +
                       octal(site.home_entry.mode) + ", and not to us alone");
}

Result<> take_home_back(FileSystem& files, const Site& site, std::vector<std::string>& remarks) {
    const std::string path = site.path_of(home_name(*site.spec));
    if (const auto taken = take_back(files, site.home, site.home_entry); !taken) {
        return refused(path, taken.error());
    }
    remarks.push_back("took " + path + " back");
    return {};
}

Site unhoused(const std::string& root, const role::CertificateSpec& spec, Directory directory) {
    return Site{.spec = &spec,
                .path = root + spec.directory,
                .directory = std::move(directory),
                .home = {},
                .home_entry = {}};
}

// A crash between making and opening up leaves it 0700, which make_site() puts right.
Result<> make_home(FileSystem& files, const Site& site) {
    const std::string name = home_name(*site.spec);
    const auto made = files.make_directory(site.directory, name);
    if (!made) {
        // The directory is what an operator has to open or to mend.
        return refused(site.path, made.error());
    }
    const auto opened = files.set_mode(*made, kPublicDirectory);
    if (!opened) {
        return refused(site.path_of(name), opened.error());
    }
    return {};
}

}  // namespace

std::string Site::path_of(std::string_view name) const {
    return path + "/" + std::string(name);
}

std::string Site::path_within_home(std::string_view name) const {
    return path_of(home_name(*spec)) + "/" + std::string(name);
}

std::vector<ConfiguredFile> configured_files(const role::CertificateSpec& spec) {
    std::vector<ConfiguredFile> files;
    const auto add = [&](Part part, const std::optional<role::File>& file) {
        if (file) {
            files.push_back({.part = part, .name = file->name, .mode = file->mode});
        }
    };
    add(Part::key, spec.files.key);
    add(Part::response, spec.files.response);
    add(Part::ca, spec.files.ca);
    add(Part::certificate, spec.files.certificate);
    return files;
}

FileNames names_of(const role::Files& files) {
    return FileNames{.ca = name_of(files.ca),
                     .certificate = name_of(files.certificate),
                     .key = name_of(files.key),
                     .response = name_of(files.response)};
}

Result<std::optional<Site>> find_site(FileSystem& files,
                                      const std::string& root,
                                      const role::CertificateSpec& spec) {
    auto arrival = walk(files, walk_to(files, root, spec));
    if (!arrival) {
        return std::unexpected(std::move(arrival.error()));
    }
    if (!arrival->directory) {
        return std::nullopt;
    }
    Site site = unhoused(root, spec, std::move(*arrival->directory));
    auto home = enter_home(files, site);
    if (!home) {
        return std::unexpected(std::move(home.error()));
    }
    return *home == Home::missing ? std::nullopt : std::optional(std::move(site));
}

Result<Site> open_site(FileSystem& files,
                       const std::string& root,
                       const role::CertificateSpec& spec) {
    auto site = find_site(files, root, spec);
    if (!site) {
        return std::unexpected(std::move(site.error()));
    }
    if (!*site) {
        return refused(root + spec.directory + "/" + home_name(spec),
                       std::errc::no_such_file_or_directory);
    }
    if (auto ours = require_ours(files, **site); !ours) {
        return std::unexpected(std::move(ours.error()));
    }
    return std::move(**site);
}

Result<Site> make_site(FileSystem& files,
                       const std::string& root,
                       const role::CertificateSpec& spec,
                       std::vector<std::string>& remarks) {
    Walk request = walk_to(files, root, spec);
    request.missing = Missing::make;
    auto arrival = walk(files, request);
    if (!arrival) {
        return std::unexpected(std::move(arrival.error()));
    }
    for (const std::string& made : arrival->made) {
        remarks.push_back("made the directory " + made);
    }
    Site site = unhoused(root, spec, std::move(*arrival->directory));
    auto home = enter_home(files, site);
    if (home && *home == Home::missing) {
        auto made = make_home(files, site);
        home = made ? enter_home(files, site) : std::unexpected(std::move(made.error()));
    }
    if (home && !is_ours(files, site.home_entry)) {
        auto taken = take_home_back(files, site, remarks);
        home = taken ? enter_home(files, site) : std::unexpected(std::move(taken.error()));
    }
    if (!home) {
        return std::unexpected(std::move(home.error()));
    }
    if (auto ours = require_ours(files, site); !ours) {
        return std::unexpected(std::move(ours.error()));
    }
    return site;
}

Result<std::optional<std::string>> current_target(FileSystem& files, const Site& site) {
    auto target = files.read_link(site.home, std::string(kCurrent));
    if (target) {
        return std::move(*target);
    }
    if (target.error() == std::errc::no_such_file_or_directory) {
        return std::nullopt;
    }
    return refused(site.path_within_home(kCurrent), target.error());
}

Attempt<> take_back(FileSystem& files, const Directory& directory, const Entry& entry) {
    if (entry.owner.uid != files.user()) {
        const auto given =
            files.set_owner(directory, {.uid = files.user(), .gid = entry.owner.gid});
        if (!given) {
            return given;
        }
    }
    return files.set_mode(directory, kPublicDirectory);
}

bool is_ours(FileSystem& files, const Entry& directory) {
    return directory.owner.uid == files.user() && directory.mode == kPublicDirectory;
}

}  // namespace install_cert::installation
