// SPDX-License-Identifier: Apache-2.0
// The way from the root to a configured directory, one component after the other, past nothing
// that somebody else could turn elsewhere.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "foundation/result.h"
#include "installation/file_system.h"

namespace install_cert::installation {

// Who may hold a directory on the way, beside root.
struct Trusted {
    uid_t us;
    role::Ownership owner;  // the configured one of the files
};

// Empty, or why a directory on the way cannot be trusted: it belongs to a stranger, or strangers
// may write in it (a sticky bit keeps them from what is not theirs).
[[nodiscard]] std::string distrust(const Entry& directory, const Trusted& trusted);

// Empty, or why a link on the way is not followed: root (or we) must own it and the directory that
// holds it, since whoever can replace the link decides where root's files go.
[[nodiscard]] std::string distrust_link(const Entry& link, const Entry& holder, uid_t us);

enum class Missing : std::uint8_t { stay, make };

struct Walk {
    std::string root;  // "" or --root
    std::string path;  // absolute; links' absolute targets are looked up within the root, too
    Trusted trusted;
    Missing missing = Missing::stay;
};

struct Arrival {
    std::optional<Directory> directory;  // nullopt: missing, and not to be made
    std::vector<std::string> made;       // paths, with root: ours, 0755 whatever the umask
};

// Failure::cannot_write, naming the component, for what cannot be trusted, more than 8 links, or a
// component that is no directory.
[[nodiscard]] Result<Arrival> walk(FileSystem& files, const Walk& request);

}  // namespace install_cert::installation
