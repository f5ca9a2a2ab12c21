// SPDX-License-Identifier: Apache-2.0
#include "agent/record/lock.h"

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

// Whatever the umask: what lies below must be reached by whom it is for. Failure::cannot_write, but
// where it is there already.
Result<> make_directory(const std::string& path, mode_t mode) {
    if (::mkdir(path.c_str(), mode) == 0 && ::chmod(path.c_str(), mode) == 0) {
        return {};
    }
    return errno == EEXIST ? Result<>{} : fail_errno(Failure::cannot_write, path, errno);
}

}  // namespace

Result<> make_private_directory(const std::string& directory) {
    // Parents first; an existing one is as good as a made one.
    for (std::size_t slash = directory.find('/', 1); slash != std::string::npos;
         slash = directory.find('/', slash + 1)) {
        const std::string parent = directory.substr(0, slash);
        // On a read-only file system mkdir(2) may say so before it says that the directory exists.
        if (const auto made = make_directory(parent, 0755);
            !made && ::access(parent.c_str(), F_OK) != 0) {
            return made;
        }
    }
    return make_directory(directory, 0700);
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
