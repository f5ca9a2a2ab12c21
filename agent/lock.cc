// SPDX-License-Identifier: Apache-2.0
#include "agent/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <tuple>

#include "foundation/text.h"

namespace install_cert::agent {
namespace {

std::string holder(int fd) {
    std::array<char, 32> text{};
    const ssize_t size = ::pread(fd, text.data(), text.size() - 1, 0);
    return size > 0 ? printable(trim({text.data(), static_cast<std::size_t>(size)})) : "unknown";
}

}  // namespace

Result<> make_private_directory(const std::string& directory) {
    // Parents first; an existing one is as good as a made one.
    for (std::size_t slash = directory.find('/', 1); slash != std::string::npos;
         slash = directory.find('/', slash + 1)) {
        if (::mkdir(directory.substr(0, slash).c_str(), 0755) != 0 && errno != EEXIST &&
            errno != EROFS) {
            return fail_errno(Failure::cannot_write, directory.substr(0, slash), errno);
        }
    }
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
        return fail_errno(Failure::cannot_write, directory, errno);
    }
    return {};
}

Result<TurnLock> TurnLock::take(const std::string& state_directory) {
    if (const auto made = make_private_directory(state_directory); !made) {
        return std::unexpected(made.error());
    }
    const std::string path = state_directory + "/lock";
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) {
        return fail_errno(Failure::cannot_write, path, errno);
    }
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK
                   ? fail(Failure::not_yet,
                          path + ": another instance (pid " + holder(fd.get()) + ") is at work",
                          "wait for it, or ask the daemon with 'install-cert renew --wait'")
                   : fail_errno(Failure::io, path, errno);
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    // For the message above only: the lock itself is the descriptor.
    std::ignore = ::ftruncate(fd.get(), 0);
    std::ignore = ::pwrite(fd.get(), pid.data(), pid.size(), 0);
    return TurnLock(std::move(fd));
}

}  // namespace install_cert::agent
