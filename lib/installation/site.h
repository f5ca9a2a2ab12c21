// SPDX-License-Identifier: Apache-2.0
// One certificate's place on this host, opened: its directory and, in it, the home of its
// generations. Nothing beyond this header resolves a path again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "foundation/result.h"
#include "installation/file_system.h"
#include "installation/manifest.h"
#include "role/role.h"

namespace install_cert::installation {

struct Site {
    const role::CertificateSpec* spec;
    std::string path;  // of the directory, with root, for messages
    Directory directory;
    Directory home;
    Entry home_entry;

    [[nodiscard]] std::string path_of(std::string_view name) const;  // of a configured name
    [[nodiscard]] std::string path_within_home(std::string_view name) const;
};

// One configured file, and what it holds.
enum class Part : std::uint8_t { key, response, ca, certificate };

struct ConfiguredFile {
    Part part;
    std::string name;
    mode_t mode;
};

// In the order in which names appear: a consumer that waits for its certificate finds the key.
[[nodiscard]] std::vector<ConfiguredFile> configured_files(const role::CertificateSpec& spec);
[[nodiscard]] FileNames names_of(const role::Files& files);

// nullopt: the directory or the home is missing. Failure::cannot_write: the way there cannot be
// trusted, or the home belongs to a stranger. One that belongs to the configured owner (a `chown
// -R` by hand) is a site as well: see require_ours().
[[nodiscard]] Result<std::optional<Site>> find_site(FileSystem& files,
                                                    const std::string& root,
                                                    const role::CertificateSpec& spec);

// The same, for writing: failure also where the home is missing, or not ours alone.
[[nodiscard]] Result<Site> open_site(FileSystem& files,
                                     const std::string& root,
                                     const role::CertificateSpec& spec);

// Makes what is missing, and takes a home back that the configured owner was given. `remarks` get
// what was done.
[[nodiscard]] Result<Site> make_site(FileSystem& files,
                                     const std::string& root,
                                     const role::CertificateSpec& spec,
                                     std::vector<std::string>& remarks);

// What the link `current` says; nullopt where there is none. Failure::cannot_write where something
// else has its name.
[[nodiscard]] Result<std::optional<std::string>> current_target(FileSystem& files,
                                                                const Site& site);

// Makes a directory of ours ours again: owner and 0755. A directory has one name only, so that
// nothing else than what lies here can be given to us; once it is ours, its entries stand still.
[[nodiscard]] Attempt<> take_back(FileSystem& files,
                                  const Directory& directory,
                                  const Entry& entry);
[[nodiscard]] bool is_ours(FileSystem& files, const Entry& directory);

}  // namespace install_cert::installation
