// SPDX-License-Identifier: Apache-2.0
// Opens a file that somebody else wrote, without ever waiting for it or following a stranger's
// link.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <span>
#include <string>

#include "foundation/result.h"
#include "foundation/unique_fd.h"

namespace install_cert::host {

struct InputFile {
    UniqueFd fd;
    struct stat status;
};

// Root, or who runs us.
[[nodiscard]] bool is_trusted(uid_t owner);

// A regular file, reached through links that root or who runs us owns, at most 8. Failure::not_yet
// when it is not there, Failure::denied for a stranger's link, for anything but a regular file (a
// FIFO is never waited for) and where permission is lacking, Failure::io otherwise.
[[nodiscard]] Result<InputFile> open_input(const std::string& path);

// Reads up to buffer.size() bytes; fewer only at the end of the file.
[[nodiscard]] Result<std::size_t> read_up_to(const InputFile& file,
                                             const std::string& path,
                                             std::span<char> buffer);

}  // namespace install_cert::host
