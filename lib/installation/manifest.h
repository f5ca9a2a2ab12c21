// SPDX-License-Identifier: Apache-2.0
// .generation.json: what a generation says about itself, so that everything is known even where a
// file is not configured. Public facts alone: never a key, nor a digest of one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/clock.h"
#include "foundation/result.h"

namespace install_cert::installation {

inline constexpr std::size_t kManifestLimit = std::size_t{1} << 20;

// What a generation answers, beside what its certificates say.
struct Provenance {
    std::string request_digest;  // role::request_digest() of what it answers
    WallTime received;           // when Vault's answer came: a lifetime counts from here
    std::string boot_id;         // of the boot in which it was asked for
};

// The names of a generation's files; nullopt: not kept.
struct FileNames {
    std::optional<std::string> ca;
    std::optional<std::string> certificate;
    std::optional<std::string> key;
    std::optional<std::string> response;

    bool operator==(const FileNames&) const = default;
};

struct Manifest {
    struct Authority {
        std::string certificate;  // PEM
        WallTime last_seen;
    };

    std::string name;  // the certificate's in the configuration
    Provenance provenance;
    std::string leaf;                        // PEM
    std::vector<std::string> intermediates;  // PEM each
    std::vector<Authority> trust;
    FileNames files;
};

[[nodiscard]] std::string to_json(const Manifest& manifest);

// Failure::io, naming the member, for anything but what to_json() of this or a later program with
// the same format version writes. Unknown members are ignored.
[[nodiscard]] Result<Manifest> parse_manifest(std::string_view json);

}  // namespace install_cert::installation
