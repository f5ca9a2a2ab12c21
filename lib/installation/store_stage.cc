// SPDX-License-Identifier: Apache-2.0
// prove_writable() and stage(): everything that is written before it may be seen.
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

// Room for an RSA 4096 key, a chain, a trust bundle or Vault's answer: together, generously.
constexpr std::size_t kSizeOfAFile = std::size_t{8} << 10;
constexpr mode_t kPublicDirectory = 0755;
constexpr mode_t kPublicFile = 0644;
constexpr mode_t kPrivateFile = 0600;
constexpr unsigned kMostAttempts = 99;

// What to write and for whom. The owner before the mode: a file that is opened up first would for
// an instant be open to the wrong group.
struct NewFile {
    std::string name;
    std::string_view content;
    std::optional<role::Ownership> owner;  // nullopt: ours
    mode_t mode;
};

Attempt<> write_file(FileSystem& files, const Directory& directory, const NewFile& wanted) {
    const auto file = files.create_file(directory, wanted.name);
    if (!file) {
        return std::unexpected(file.error());
    }
    Attempt<> done = files.write(*file, wanted.content);
    if (done && wanted.owner) {
        done = files.set_owner(*file, *wanted.owner);
    }
    return done ? files.set_mode(*file, wanted.mode) : done;
}

// What a generation has, and the link that is swapped: as many entries, and as much room.
Attempt<> write_probe(FileSystem& files, const Site& site, const Directory& directory) {
    const std::string content(kSizeOfAFile, '\n');
    Attempt<> done = files.make_link(directory, std::string(kNewCurrent), std::string(kProbe));
    for (const ConfiguredFile& file : configured_files(*site.spec)) {
        if (done) {
            done = write_file(files,
                              directory,
                              {.name = file.name,
                               .content = content,
                               .owner = site.spec->ownership,
                               .mode = kPrivateFile});
        }
    }
    return done ? write_file(files,
                             directory,
                             {.name = std::string(kManifest),
                              .content = content,
                              .owner = std::nullopt,
                              .mode = kPublicFile})
                : done;
}

Result<> probe(FileSystem& files, const Site& site) {
    const std::string name(kProbe);
    auto directory = files.make_directory(site.home, name);
    if (!directory && directory.error() == std::errc::file_exists) {
        // Left by a crash.
        if (auto removed = remove_generation(files, site, name); !removed) {
            return removed;
        }
        directory = files.make_directory(site.home, name);
    }
    const Attempt<> written =
        directory ? write_probe(files, site, *directory) : std::unexpected(directory.error());
    auto removed = remove_generation(files, site, name);
    return written ? removed : refused(site.path, written.error());
}

std::string concatenated(std::span<const issuance::TrustedAuthority> trust) {
    std::string pem;
    for (const issuance::TrustedAuthority& authority : trust) {
        pem += authority.certificate.pem();
    }
    return pem;
}

Manifest describe(const role::CertificateSpec& spec,
                  const issuance::VerifiedSet& set,
                  const Provenance& provenance) {
    Manifest manifest{.name = spec.name,
                      .provenance = provenance,
                      .leaf = set.leaf().pem(),
                      .intermediates = {},
                      .trust = {},
                      .files = names_of(spec.files)};
    for (const x509::Certificate& certificate : set.intermediates()) {
        manifest.intermediates.push_back(certificate.pem());
    }
    for (const issuance::TrustedAuthority& authority : set.trust()) {
        manifest.trust.push_back(
            {.certificate = authority.certificate.pem(), .last_seen = authority.last_seen});
    }
    return manifest;
}

struct NewGeneration {
    std::string name;
    Directory directory;
};

Result<NewGeneration> make_generation(FileSystem& files,
                                      const Site& site,
                                      WallTime now,
                                      const std::string& fingerprint) {
    Attempt<Directory> made = std::unexpected(std::errc::file_exists);
    std::string name;
    for (unsigned attempt = 1; attempt <= kMostAttempts; ++attempt) {
        name = generation_name(now, fingerprint, attempt);
        made = files.make_directory(site.home, name);
        if (made || made.error() != std::errc::file_exists) {
            break;
        }
    }
    if (!made) {
        return refused(site.path_within_home(name), made.error());
    }
    return NewGeneration{.name = std::move(name), .directory = std::move(*made)};
}

// The bytes of each configured file. Held only while they are written.
struct Contents {
    Secret key;
    std::string ca;
    std::string certificate;
    std::string_view response;

    [[nodiscard]] std::string_view of(Part part) const {
        switch (part) {
            case Part::key:
                return key.reveal();
            case Part::response:
                return response;
            case Part::ca:
                return ca;
            case Part::certificate:
                return certificate;
        }
        std::unreachable();
    }
};

Result<Contents> contents_of(const issuance::VerifiedSet& set) {
    auto key = set.key().to_pem();
    if (!key) {
        return std::unexpected(std::move(key.error()));
    }
    return Contents{.key = std::move(*key),
                    .ca = concatenated(set.trust()),
                    .certificate = set.leaf().pem() + x509::to_pem(set.intermediates()),
                    .response = set.response().reveal()};
}

// The directory is opened up last: until then nobody but us passes it, whatever a file's mode.
Result<> fill(FileSystem& files,
              const Site& site,
              const NewGeneration& generation,
              std::span<const NewFile> wanted) {
    const std::string path = site.path_within_home(generation.name);
    for (const NewFile& file : wanted) {
        if (const auto written = write_file(files, generation.directory, file); !written) {
            return refused(path + "/" + file.name, written.error());
        }
    }
    if (const auto opened = files.set_mode(generation.directory, kPublicDirectory); !opened) {
        return refused(path, opened.error());
    }
    return {};
}

}  // namespace

Result<std::vector<std::string>> GenerationStore::prove_writable(
    const role::CertificateSpec& spec) {
    std::vector<std::string> remarks;
    const auto site = make_site(files_, root_, spec, remarks);
    if (!site) {
        return std::unexpected(site.error());
    }
    if (auto clear = refuse_foreign(files_, *site); !clear) {
        return std::unexpected(std::move(clear.error()));
    }
    if (auto proven = probe(files_, *site); !proven) {
        return std::unexpected(std::move(proven.error()));
    }
    return remarks;
}

Result<Staged> GenerationStore::stage(const role::CertificateSpec& spec,
                                      const issuance::VerifiedSet& set,
                                      const Provenance& provenance) {
    std::vector<std::string> remarks;
    const auto site = make_site(files_, root_, spec, remarks);
    if (!site) {
        return std::unexpected(site.error());
    }
    const auto contents = contents_of(set);
    if (!contents) {
        return std::unexpected(contents.error());
    }
    std::vector<NewFile> wanted;
    for (const ConfiguredFile& file : configured_files(spec)) {
        wanted.push_back({.name = file.name,
                          .content = contents->of(file.part),
                          .owner = spec.ownership,
                          .mode = file.mode});
    }
    const std::string manifest = to_json(describe(spec, set, provenance));
    wanted.push_back({.name = std::string(kManifest),
                      .content = manifest,
                      .owner = std::nullopt,
                      .mode = kPublicFile});
    const auto generation =
        make_generation(files_, *site, clock_.now(), set.leaf().facts().fingerprint);
    if (!generation) {
        return std::unexpected(generation.error());
    }
    if (auto filled = fill(files_, *site, *generation, wanted); !filled) {
        (void)remove_generation(files_, *site, generation->name);
        return std::unexpected(std::move(filled.error()));
    }
    return Staged{.spec = &spec, .generation = generation->name};
}

}  // namespace install_cert::installation
