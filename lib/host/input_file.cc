// SPDX-License-Identifier: Apache-2.0
// Opens and reads input files link by link.
#include "host/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "foundation/result.h"
#include "foundation/unique_fd.h"

namespace install_cert::host {
namespace {

constexpr int kMostLinks = 8;

Failure kind_of(int error_number) {
    if (error_number == ENOENT || error_number == ENOTDIR) {
        return Failure::not_yet;
    }
    return error_number == EACCES || error_number == EPERM ? Failure::denied : Failure::io;
}

UniqueFd open_as(const std::string& path, int flags) {
    int fd = -1;
    do {
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): the only way to open(2)
        fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW);
    } while (fd < 0 && errno == EINTR);
    return UniqueFd(fd);
}

// Where the link at `path` leads, if its owner may be trusted. Held open while it is judged and
// read, so that both are about the same link.
Result<std::string> target_of(const std::string& path) {
    const auto link = open_as(path, O_PATH);
    struct stat status{};
    if (!link || ::fstat(link.get(), &status) != 0) {
        return fail_errno(kind_of(errno), path, errno);
    }
    if (!is_trusted(status.st_uid)) {
        return fail(Failure::denied,
                    path + ": a link that belongs to user " + std::to_string(status.st_uid) +
                        " is not followed");
    }
    std::array<char, PATH_MAX> target{};
    const auto size = ::readlinkat(link.get(), "", target.data(), target.size());
    if (size < 0) {
        return fail_errno(Failure::io, path, errno);
    }
    std::string to(target.data(), static_cast<std::size_t>(size));
    return to.starts_with('/') ? to : path.substr(0, path.rfind('/') + 1) + to;
}

}  // namespace

bool is_trusted(uid_t owner) {
    return owner == 0 || owner == ::geteuid();
}

Result<InputFile> open_input(const std::string& path) {
    std::string place = path;
    for (int links = 0; links <= kMostLinks; ++links) {
        InputFile file{.fd = open_as(place, O_RDONLY | O_NONBLOCK | O_NOCTTY), .status = {}};
        if (!file.fd && errno == ELOOP) {
            auto target = target_of(place);
            if (!target) {
                return std::unexpected(target.error());
            }
            place = *std::move(target);
            continue;
        }
        if (!file.fd || ::fstat(file.fd.get(), &file.status) != 0) {
            return fail_errno(kind_of(errno), place, errno);
        }
        if (!S_ISREG(file.status.st_mode)) {
            return fail(Failure::denied, place + ": not a regular file");
        }
        return file;
    }
    return fail_errno(Failure::io, path, ELOOP);
}

Result<std::size_t> read_up_to(const InputFile& file,
                               const std::string& path,
                               std::span<char> buffer) {
    std::size_t filled = 0;
    while (filled < buffer.size()) {
        const auto rest = buffer.subspan(filled);
        const auto got = ::read(file.fd.get(), rest.data(), rest.size());
        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            return fail_errno(Failure::io, path, errno);
        }
        filled += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    return filled;
}

}  // namespace install_cert::host
