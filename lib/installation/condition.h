// SPDX-License-Identifier: Apache-2.0
// The condition of an installed generation: whether it still serves, and what is not as configured.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foundation/result.h"
#include "installation/site.h"
#include "x509/certificate.h"

namespace install_cert::installation {

// A generation, opened.
struct Generation {
    std::string name;
    Directory directory;
    Entry entry;
};

// Failure::cannot_write: its directory belongs to a stranger. nullopt: there is none of this name.
[[nodiscard]] Result<std::optional<Generation>> open_generation(FileSystem& files,
                                                                const Site& site,
                                                                const std::string& name);

[[nodiscard]] Attempt<Secret> read_whole(FileSystem& files,
                                         const Directory& directory,
                                         const std::string& name);

// Empty, or the first reason why the configured files of this generation do not serve any more.
// `leaf` and `manifest` are its own.
[[nodiscard]] Result<std::string> find_damage(FileSystem& files,
                                              const Site& site,
                                              const Generation& generation,
                                              const Manifest& manifest,
                                              const x509::Certificate& leaf);

// One thing that can be put right without issuing.
struct Drift {
    enum class Of : std::uint8_t { home, generation, file, link };
    Of of;
    std::string name;  // of the file or the link
    std::string what;  // "etcd-member.pem has mode 0600 instead of 0644"
};

// Failure::cannot_write for something foreign at a configured name.
// In the order in which it is put right: directories first, since a file in a directory of somebody
// else's can be exchanged while it is looked at.
[[nodiscard]] Result<std::vector<Drift>> find_drift(FileSystem& files,
                                                    const Site& site,
                                                    const Generation& generation);

}  // namespace install_cert::installation
