// SPDX-License-Identifier: Apache-2.0
#include "agent/record/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>

#include "foundation/unique_fd.h"
#include "host/files.h"

namespace install_cert::agent {
namespace {

Result<> write_all(int fd, std::string_view bytes, const std::string& path) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return fail_errno(Failure::cannot_write, path, errno);
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

enum class Synced : std::uint8_t { no, yes };

Result<> sync(int fd, const std::string& path) {
    return ::fsync(fd) == 0 ? Result<>() : fail_errno(Failure::cannot_write, path, errno);
}

Result<> replace(const std::string& path, std::string_view bytes, Synced synced) {
    const std::string temporary = path + ".new";
    const UniqueFd fd(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) {
        return fail_errno(Failure::cannot_write, temporary, errno);
    }
    auto written = write_all(fd.get(), bytes, temporary);
    if (written && synced == Synced::yes) {
        written = sync(fd.get(), temporary);
    }
    if (!written) {
        (void)::unlink(temporary.c_str());
        return written;
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        const int error = errno;
        (void)::unlink(temporary.c_str());
        return fail_errno(Failure::cannot_write, path, error);
    }
    return {};
}

Result<> sync_names(const std::string& directory) {
    const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fd ? sync(fd.get(), directory) : fail_errno(Failure::cannot_write, directory, errno);
}

}  // namespace

Result<> replace_file(const std::string& path, std::string_view bytes) {
    return replace(path, bytes, Synced::no);
}

Result<> keep_file(const std::string& path, std::string_view bytes) {
    const auto present = host::read_text(path, bytes.size());
    if (present && *present == bytes) {
        return {};
    }
    const auto replaced = replace(path, bytes, Synced::yes);
    return replaced ? sync_names(path.substr(0, path.rfind('/'))) : replaced;
}

void drop_unfinished(const std::string& path) {
    (void)::unlink((path + ".new").c_str());
}

}  // namespace install_cert::agent
