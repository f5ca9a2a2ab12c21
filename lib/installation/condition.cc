// SPDX-License-Identifier: Apache-2.0
#include "installation/condition.h"

#include <algorithm>
#include <utility>

#include "installation/generation_name.h"
#include "installation/links.h"
#include "installation/refusal.h"
#include "x509/key.h"

namespace install_cert::installation {
namespace {

// Vault's answer holds the key, the leaf and the chain once more.
constexpr std::size_t kFileLimit = kManifestLimit;
constexpr mode_t kPublicDirectory = 0755;

std::string owner_text(role::Ownership owner) {
    return std::to_string(owner.uid) + ":" + std::to_string(owner.gid);
}

std::string certificate_content(const Manifest& manifest) {
    std::string pem = manifest.leaf;
    for (const std::string& intermediate : manifest.intermediates) {
        pem += intermediate;
    }
    return pem;
}

std::string ca_content(const Manifest& manifest) {
    std::string pem;
    for (const Manifest::Authority& authority : manifest.trust) {
        pem += authority.certificate;
    }
    return pem;
}

std::string judge_key(std::string_view content, const x509::Certificate& leaf) {
    const auto key = x509::PrivateKey::from_pem(content);
    if (!key) {
        return "is no private key any more";
    }
    return key->public_key_digest() == leaf.facts().public_key_digest
               ? ""
               : "does not match the certificate";
}

// What the manifest remembers of a file is its content itself.
std::string judge(Part part,
                  std::string_view content,
                  const Manifest& manifest,
                  const x509::Certificate& leaf) {
    constexpr const char* kChanged = "was changed by hand";
    switch (part) {
        case Part::key:
            return judge_key(content, leaf);
        case Part::response:
            return content.empty() ? "is empty" : "";
        case Part::ca:
            return content == ca_content(manifest) ? "" : kChanged;
        case Part::certificate:
            return content == certificate_content(manifest) ? "" : kChanged;
    }
    std::unreachable();
}

// A home or generation for whoever reads: root's or ours.
bool is_in_order(FileSystem& files, const Entry& directory) {
    return (directory.owner.uid == 0 || directory.owner.uid == files.user()) &&
           directory.mode == kPublicDirectory;
}

std::string directory_text(const std::string& name, const Entry& entry) {
    return name + " belongs to uid " + std::to_string(entry.owner.uid) + ", mode " +
           octal(entry.mode);
}

Result<> add_file_drift(FileSystem& files,
                        const Site& site,
                        const Generation& generation,
                        std::vector<Drift>& drift) {
    for (const ConfiguredFile& file : configured_files(*site.spec)) {
        const auto entry = files.look(generation.directory, file.name);
        if (!entry) {
            if (kind_of(entry.error()) == Failure::io) {
                return refused(site.path_of(file.name), entry.error());
            }
            continue;  // that is damage, and so is what is no file
        }
        if (entry->kind != EntryKind::file) {
            continue;
        }
        if (entry->owner != site.spec->ownership) {
            drift.push_back({.of = Drift::Of::file,
                             .name = file.name,
                             .what = file.name + " belongs to " + owner_text(entry->owner) +
                                     " instead of " + owner_text(site.spec->ownership)});
        } else if (entry->mode != file.mode) {
            drift.push_back({.of = Drift::Of::file,
                             .name = file.name,
                             .what = file.name + " has mode " + octal(entry->mode) +
                                     " instead of " + octal(file.mode)});
        }
    }
    return {};
}

Result<> add_link_drift(FileSystem& files, const Site& site, std::vector<Drift>& drift) {
    for (const ConfiguredFile& file : configured_files(*site.spec)) {
        auto occupied = occupant(files, site, file.name);
        if (!occupied) {
            return std::unexpected(std::move(occupied.error()));
        }
        if (occupied->by == Occupant::our_link) {
            continue;
        }
        if (occupied->by == Occupant::foreign) {
            return foreign(site, file.name, *occupied);
        }
        const std::string what = occupied->by == Occupant::nothing ? "is missing" : occupied->what;
        drift.push_back({.of = Drift::Of::link,
                         .name = file.name,
                         .what = "the link " + file.name + " " + what});
    }
    return {};
}

}  // namespace

Result<std::optional<Generation>> open_generation(FileSystem& files,
                                                  const Site& site,
                                                  const std::string& name) {
    auto directory = files.open_directory(site.home, name);
    if (!directory) {
        if (kind_of(directory.error()) == Failure::io) {
            return refused(site.path_within_home(name), directory.error());
        }
        return std::nullopt;
    }
    const auto entry = files.describe(*directory);
    if (!entry) {
        return refused(site.path_within_home(name), entry.error());
    }
    const uid_t owner = entry->owner.uid;
    if (owner != 0 && owner != files.user() && owner != site.spec->ownership.uid) {
        return refused(site.path_within_home(name), "belongs to uid " + std::to_string(owner));
    }
    return Generation{.name = name, .directory = std::move(*directory), .entry = *entry};
}

Attempt<Secret> read_whole(FileSystem& files, const Directory& directory, const std::string& name) {
    const auto file = files.open_file(directory, name);
    return file ? files.read(*file, kFileLimit) : Attempt<Secret>(std::unexpected(file.error()));
}

Result<std::string> find_damage(FileSystem& files,
                                const Site& site,
                                const Generation& generation,
                                const Manifest& manifest,
                                const x509::Certificate& leaf) {
    for (const ConfiguredFile& file : configured_files(*site.spec)) {
        const auto content = read_whole(files, generation.directory, file.name);
        if (!content && kind_of(content.error()) == Failure::io) {
            return refused(site.path_of(file.name), content.error());
        }
        // Somebody who may not read keys can still be told everything else (`status`).
        if (!content && content.error() == std::errc::permission_denied && files.user() != 0) {
            continue;
        }
        const std::string why = content ? judge(file.part, content->reveal(), manifest, leaf)
                                : content.error() == std::errc::no_such_file_or_directory
                                    ? "is missing"
                                    : "is no file that can be read";
        if (!why.empty()) {
            return file.name + " " + why;
        }
    }
    return std::string{};
}

Result<std::vector<Drift>> find_drift(FileSystem& files,
                                      const Site& site,
                                      const Generation& generation) {
    std::vector<Drift> drift;
    if (!is_in_order(files, site.home_entry)) {
        drift.push_back({.of = Drift::Of::home,
                         .name = {},
                         .what = directory_text(home_name(*site.spec), site.home_entry)});
    }
    if (!is_in_order(files, generation.entry)) {
        drift.push_back(
            {.of = Drift::Of::generation,
             .name = {},
             .what = directory_text("the generation " + generation.name, generation.entry)});
    }
    if (auto added = add_file_drift(files, site, generation, drift); !added) {
        return std::unexpected(std::move(added.error()));
    }
    if (auto added = add_link_drift(files, site, drift); !added) {
        return std::unexpected(std::move(added.error()));
    }
    return drift;
}

}  // namespace install_cert::installation
