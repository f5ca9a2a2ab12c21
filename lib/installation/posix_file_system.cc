// SPDX-License-Identifier: Apache-2.0
// Directories, links and names.
#include "installation/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <memory>
#include <utility>

#include "foundation/handle.h"
#include "installation/posix_calls.h"

namespace install_cert::installation {

using posix::attempt;
using posix::failed;
using posix::is_single;
using posix::open_at;
using posix::uninterrupted;

namespace {

constexpr mode_t kPermissionBits = 07777;
constexpr mode_t kPrivateDirectory = 0700;

EntryKind kind_of(mode_t mode) {
    if (S_ISREG(mode)) {
        return EntryKind::file;
    }
    if (S_ISDIR(mode)) {
        return EntryKind::directory;
    }
    return S_ISLNK(mode) ? EntryKind::link : EntryKind::other;
}

Entry to_entry(const struct stat& status) {
    return Entry{.kind = kind_of(status.st_mode),
                 .owner = {.uid = status.st_uid, .gid = status.st_gid},
                 .mode = status.st_mode & kPermissionBits,
                 .links = status.st_nlink,
                 .size = static_cast<std::size_t>(status.st_size),
                 .device = status.st_dev,
                 .modified = WallTime{std::chrono::seconds{status.st_mtim.tv_sec}}};
}

// A default access list of the parent would give a file of mode 0640 readers that its mode does
// not tell of. Our own directories inherit none and so hand none down.
Attempt<> drop_access_lists(const UniqueFd& fd) {
    for (const char* list : {"system.posix_acl_access", "system.posix_acl_default"}) {
        if (::fremovexattr(fd.get(), list) != 0 && errno != ENODATA && errno != EOPNOTSUPP) {
            return failed();
        }
    }
    return {};
}

using DirectoryStream = std::unique_ptr<DIR, ReleaseWith<::closedir>>;

}  // namespace

uid_t PosixFileSystem::user() const {
    return ::geteuid();
}

Attempt<Directory> PosixFileSystem::open_root(const std::string& path) {
    UniqueFd fd(
        uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (!fd) {
        return failed();
    }
    return Directory{std::move(fd)};
}

Attempt<Directory> PosixFileSystem::open_directory(const Directory& parent,
                                                   const std::string& name) {
    auto fd = open_at(parent, name, O_RDONLY | O_DIRECTORY);
    if (!fd && fd.error() == std::errc::permission_denied) {
        // A parent that may be passed through but not listed (0711) will do for what lies in it.
        fd = open_at(parent, name, O_PATH | O_DIRECTORY);
    }
    if (!fd) {
        return std::unexpected(fd.error() == std::errc::too_many_symbolic_link_levels
                                   ? std::errc::not_a_directory
                                   : fd.error());
    }
    return Directory{std::move(*fd)};
}

Attempt<Directory> PosixFileSystem::make_directory(const Directory& parent,
                                                   const std::string& name) {
    if (!is_single(name)) {
        return failed(EINVAL);
    }
    if (::mkdirat(parent.fd.get(), name.c_str(), kPrivateDirectory) != 0) {
        return failed();
    }
    auto fd = open_at(parent, name, O_RDONLY | O_DIRECTORY);
    if (!fd) {
        return std::unexpected(fd.error());
    }
    if (const auto dropped = drop_access_lists(*fd); !dropped) {
        return std::unexpected(dropped.error());
    }
    return Directory{std::move(*fd)};
}

Attempt<std::vector<std::string>> PosixFileSystem::list(const Directory& directory) {
    // A descriptor of its own, since readdir(3) moves the offset and closedir(3) closes.
    UniqueFd fd(::openat(directory.fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) {
        return failed();
    }
    const DirectoryStream stream(::fdopendir(fd.get()));
    if (stream == nullptr) {
        return failed();
    }
    (void)fd.release();
    std::vector<std::string> names;
    while (true) {
        errno = 0;
        const dirent* entry = ::readdir(stream.get());
        if (entry == nullptr) {
            break;
        }
        const std::string_view name(std::data(entry->d_name));
        if (name != "." && name != "..") {
            names.emplace_back(name);
        }
    }
    if (errno != 0) {
        return failed();
    }
    return names;
}

Attempt<Entry> PosixFileSystem::describe(const Handle& handle) {
    struct stat status{};
    if (::fstat(handle.fd.get(), &status) != 0) {
        return failed();
    }
    return to_entry(status);
}

Attempt<Entry> PosixFileSystem::look(const Directory& parent, const std::string& name) {
    struct stat status{};
    if (!is_single(name)) {
        return failed(EINVAL);
    }
    if (::fstatat(parent.fd.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return failed();
    }
    return to_entry(status);
}

Attempt<std::string> PosixFileSystem::read_link(const Directory& parent, const std::string& name) {
    std::array<char, PATH_MAX> target{};
    if (!is_single(name)) {
        return failed(EINVAL);
    }
    const ssize_t size = ::readlinkat(parent.fd.get(), name.c_str(), target.data(), target.size());
    if (size < 0) {
        return failed();
    }
    return std::string(target.data(), static_cast<std::size_t>(size));
}

Attempt<> PosixFileSystem::make_link(const Directory& parent,
                                     const std::string& name,
                                     const std::string& target) {
    if (!is_single(name)) {
        return failed(EINVAL);
    }
    return attempt([&] { return ::symlinkat(target.c_str(), parent.fd.get(), name.c_str()); });
}

Attempt<> PosixFileSystem::rename(const Directory& from,
                                  const std::string& name,
                                  const Directory& to,
                                  const std::string& new_name) {
    if (!is_single(name) || !is_single(new_name)) {
        return failed(EINVAL);
    }
    return attempt(
        [&] { return ::renameat(from.fd.get(), name.c_str(), to.fd.get(), new_name.c_str()); });
}

Attempt<> PosixFileSystem::remove_file(const Directory& parent, const std::string& name) {
    if (!is_single(name)) {
        return failed(EINVAL);
    }
    return attempt([&] { return ::unlinkat(parent.fd.get(), name.c_str(), 0); });
}

Attempt<> PosixFileSystem::remove_directory(const Directory& parent, const std::string& name) {
    if (!is_single(name)) {
        return failed(EINVAL);
    }
    return attempt([&] { return ::unlinkat(parent.fd.get(), name.c_str(), AT_REMOVEDIR); });
}

}  // namespace install_cert::installation
