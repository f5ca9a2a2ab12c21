// SPDX-License-Identifier: Apache-2.0
// read(), read_key(), read_response(), paths(): what is installed, from the disk alone.
#include <utility>

#include "installation/condition.h"
#include "installation/generation_name.h"
#include "installation/generation_store.h"
#include "installation/links.h"
#include "installation/refusal.h"
#include "installation/site.h"

namespace install_cert::installation {
namespace {

// nullopt: no manifest, or none that can be made sense of.
Result<std::optional<Manifest>> read_manifest(FileSystem& files,
                                              const Site& site,
                                              const Generation& generation) {
    const auto content = read_whole(files, generation.directory, std::string(kManifest));
    if (!content) {
        if (kind_of(content.error()) == Failure::io) {
            return refused(site.path_within_home(generation.name), content.error());
        }
        return std::nullopt;
    }
    auto manifest = parse_manifest(content->reveal());
    if (!manifest || manifest->name != site.spec->name) {
        return std::nullopt;
    }
    return std::move(*manifest);
}

// nullopt: one of its certificates is none.
std::optional<InstalledSet> facts_of(const Manifest& manifest) {
    auto leaf = x509::Certificate::from_pem(manifest.leaf);
    if (!leaf) {
        return std::nullopt;
    }
    InstalledSet set{.generation = {},
                     .provenance = manifest.provenance,
                     .files = manifest.files,
                     .leaf = std::move(*leaf),
                     .intermediates = {},
                     .trust = {},
                     .damage = {},
                     .drift = {}};
    for (const std::string& pem : manifest.intermediates) {
        auto intermediate = x509::Certificate::from_pem(pem);
        if (!intermediate) {
            return std::nullopt;
        }
        set.intermediates.push_back(std::move(*intermediate));
    }
    for (const Manifest::Authority& authority : manifest.trust) {
        auto certificate = x509::Certificate::from_pem(authority.certificate);
        if (!certificate) {
            return std::nullopt;
        }
        set.trust.push_back(
            {.certificate = std::move(*certificate), .last_seen = authority.last_seen});
    }
    return set;
}

// nullopt: `current` leads to no generation.
Result<std::optional<Generation>> current_generation(FileSystem& files, const Site& site) {
    const auto current = current_target(files, site);
    if (!current) {
        return std::unexpected(current.error());
    }
    if (!*current || !is_generation_name(**current)) {
        return std::nullopt;
    }
    return open_generation(files, site, **current);
}

Result<> judge(FileSystem& files,
               const Site& site,
               const Generation& generation,
               const Manifest& manifest,
               InstalledSet& set) {
    const auto link = files.look(site.home, std::string(kCurrent));
    if (!link) {
        return refused(site.path_within_home(kCurrent), link.error());
    }
    auto damage = find_damage(files, site, generation, manifest, set.leaf);
    if (!damage) {
        return std::unexpected(std::move(damage.error()));
    }
    auto drift = find_drift(files, site, generation);
    if (!drift) {
        return std::unexpected(std::move(drift.error()));
    }
    set.generation = generation.name;
    set.damage = std::move(*damage);
    for (Drift& one : *drift) {
        set.drift.push_back(std::move(one.what));
    }
    return {};
}

Result<Secret> read_kept(FileSystem& files,
                         const Site& site,
                         const std::string& generation,
                         const std::string& name) {
    const auto opened = open_generation(files, site, generation);
    if (!opened) {
        return std::unexpected(opened.error());
    }
    auto content = *opened ? read_whole(files, (*opened)->directory, name)
                           : Attempt<Secret>(std::unexpected(std::errc::no_such_file_or_directory));
    if (!content) {
        return fail_errno(Failure::io,
                          site.path_within_home(generation) + "/" + name,
                          std::to_underlying(content.error()));
    }
    return std::move(*content);
}

}  // namespace

GenerationStore::GenerationStore(FileSystem& files, std::string root, const Clock& clock)
    : files_(files), root_(std::move(root)), clock_(clock) {}

Result<std::optional<InstalledSet>> GenerationStore::read(const role::CertificateSpec& spec) {
    const auto site = find_site(files_, root_, spec);
    if (!site || !*site) {
        return site ? Result<std::optional<InstalledSet>>(std::nullopt)
                    : std::unexpected(site.error());
    }
    const auto generation = current_generation(files_, **site);
    if (!generation) {
        return std::unexpected(generation.error());
    }
    if (!*generation) {
        auto clear = refuse_foreign(files_, **site);
        return clear ? Result<std::optional<InstalledSet>>(std::nullopt)
                     : std::unexpected(std::move(clear.error()));
    }
    const auto manifest = read_manifest(files_, **site, **generation);
    if (!manifest || !*manifest) {
        return manifest ? Result<std::optional<InstalledSet>>(std::nullopt)
                        : std::unexpected(manifest.error());
    }
    auto set = facts_of(**manifest);
    if (set) {
        if (auto judged = judge(files_, **site, **generation, **manifest, *set); !judged) {
            return std::unexpected(std::move(judged.error()));
        }
    }
    return set;
}

Result<x509::PrivateKey> GenerationStore::read_key(const role::CertificateSpec& spec,
                                                   const InstalledSet& installed) {
    if (!installed.files.key) {
        return fail(Failure::io, "no key is kept for " + spec.name);
    }
    const auto site = open_site(files_, root_, spec);
    if (!site) {
        return std::unexpected(site.error());
    }
    const auto pem = read_kept(files_, *site, installed.generation, *installed.files.key);
    if (!pem) {
        return std::unexpected(pem.error());
    }
    auto key = x509::PrivateKey::from_pem(pem->reveal());
    return key ? std::move(key)
               : while_doing(site->path_of(*installed.files.key), std::move(key.error()));
}

Result<Secret> GenerationStore::read_response(const role::CertificateSpec& spec,
                                              const InstalledSet& installed) {
    if (!installed.files.response) {
        return Secret{};
    }
    const auto site = open_site(files_, root_, spec);
    if (!site) {
        return std::unexpected(site.error());
    }
    return read_kept(files_, *site, installed.generation, *installed.files.response);
}

std::vector<std::string> GenerationStore::paths(const role::CertificateSpec& spec) const {
    std::vector<std::string> paths;
    for (const ConfiguredFile& file : configured_files(spec)) {
        paths.push_back(root_ + spec.directory + "/" + file.name);
    }
    return paths;
}

}  // namespace install_cert::installation
