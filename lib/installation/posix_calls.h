// SPDX-License-Identifier: Apache-2.0
// What the files of PosixFileSystem share: errno as a value, interrupted calls repeated, and an
// open that cannot be led out of its directory.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <cerrno>
#include <climits>
#include <expected>
#include <string>
#include <string_view>
#include <system_error>

#include "foundation/unique_fd.h"
#include "installation/file_system.h"

namespace install_cert::installation::posix {

inline constexpr mode_t kPrivateFile = 0600;

inline std::unexpected<std::errc> failed(int error_number = errno) {
    return std::unexpected(static_cast<std::errc>(error_number));
}

template <class Call>
auto uninterrupted(const Call& call) {
    auto result = call();
    while (result < 0 && errno == EINTR) {
        result = call();
    }
    return result;
}

template <class Call>
Attempt<> attempt(const Call& call) {
    if (uninterrupted(call) < 0) {
        return failed();
    }
    return {};
}

// A name that openat(2) resolves within the directory: together with O_NOFOLLOW this is what
// RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS of openat2(2) would promise, also where a container's
// system call filter does not know openat2.
inline bool is_single(const std::string& name) {
    return !name.empty() && name != "." && name != ".." && name.size() <= NAME_MAX &&
           name.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
}

inline Attempt<UniqueFd> open_at(const Directory& parent, const std::string& name, int flags) {
    if (!is_single(name)) {
        return failed(EINVAL);
    }
    UniqueFd fd(uninterrupted([&] {
        return ::openat(
            parent.fd.get(), name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, kPrivateFile);
    }));
    if (!fd) {
        return failed();
    }
    return fd;
}

}  // namespace install_cert::installation::posix
