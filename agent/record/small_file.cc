// SPDX-License-Identifier: Apache-2.0
#include "agent/record/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "foundation/unique_fd.h"

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

}  // namespace

Result<> replace_file(const std::string& path, std::string_view bytes) {
    const std::string temporary = path + ".new";
    const UniqueFd fd(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) {
        return fail_errno(Failure::cannot_write, temporary, errno);
    }
    if (const auto written = write_all(fd.get(), bytes, temporary); !written) {
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

void drop_unfinished(const std::string& path) {
    (void)::unlink((path + ".new").c_str());
}

}  // namespace install_cert::agent
