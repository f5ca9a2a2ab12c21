// SPDX-License-Identifier: Apache-2.0
#include "installation/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdio>
#include <memory>
#include <utility>

#include "foundation/handle.h"

namespace install_cert::installation {
namespace {

constexpr mode_t kPermissionBits = 07777;
constexpr mode_t kPrivateDirectory = 0700;
constexpr mode_t kPrivateFile = 0600;

std::unexpected<std::errc> failed(int error_number = errno) {
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
bool is_single(const std::string& name) {
    return !name.empty() && name != "." && name != ".." && name.size() <= NAME_MAX &&
           name.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
}

Attempt<UniqueFd> open_at(const Directory& parent, const std::string& name, int flags) {
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

// "Dirty:    1234 kB" of /proc/meminfo, in bytes; 0 where the line is missing.
std::size_t meminfo_bytes(std::string_view text, std::string_view key) {
    const std::size_t line = text.find(key);
    if (line == std::string_view::npos) {
        return 0;
    }
    const std::size_t digits = text.find_first_of("0123456789", line);
    std::size_t kilobytes = 0;
    if (digits != std::string_view::npos) {
        (void)std::from_chars(text.data() + digits, text.data() + text.size(), kilobytes);
    }
    return kilobytes * 1024;
}

using DirectoryStream = std::unique_ptr<DIR, ReleaseWith<::closedir>>;

}  // namespace

uid_t PosixFileSystem::user() const {
    return ::geteuid();
}

Attempt<std::size_t> PosixFileSystem::unwritten_bytes() {
    const UniqueFd fd(::open("/proc/meminfo", O_RDONLY | O_CLOEXEC));
    std::array<char, 4096> buffer{};
    const ssize_t size = fd ? ::read(fd.get(), buffer.data(), buffer.size()) : -1;
    if (size < 0) {
        return failed();
    }
    const std::string_view text(buffer.data(), static_cast<std::size_t>(size));
    return meminfo_bytes(text, "\nDirty:") + meminfo_bytes(text, "\nWriteback:");
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

Attempt<OpenFile> PosixFileSystem::create_file(const Directory& parent, const std::string& name) {
    auto fd = open_at(parent, name, O_WRONLY | O_CREAT | O_EXCL);
    if (!fd) {
        return std::unexpected(fd.error());
    }
    return OpenFile{std::move(*fd)};
}

Attempt<OpenFile> PosixFileSystem::open_file(const Directory& parent, const std::string& name) {
    // O_NONBLOCK: a fifo that was planted here must not make us wait for its writer.
    auto fd = open_at(parent, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!fd) {
        return std::unexpected(fd.error());
    }
    OpenFile file{std::move(*fd)};
    const auto entry = describe(file);
    if (!entry) {
        return std::unexpected(entry.error());
    }
    if (entry->kind != EntryKind::file) {
        return failed(EINVAL);
    }
    return file;
}

Attempt<> PosixFileSystem::write(const OpenFile& file, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written =
            uninterrupted([&] { return ::write(file.fd.get(), bytes.data(), bytes.size()); });
        if (written < 0) {
            return failed();
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Attempt<Secret> PosixFileSystem::read(const OpenFile& file, std::size_t limit) {
    constexpr std::size_t kStep = 4096;
    Secret content;
    std::size_t filled = 0;
    while (filled <= limit) {
        if (filled == content.size()) {
            content.resize(std::min(limit + 1, std::max(kStep, filled * 2)));
        }
        const ssize_t got = uninterrupted([&] {
            return ::read(file.fd.get(), content.data() + filled, content.size() - filled);
        });
        if (got < 0) {
            return failed();
        }
        if (got == 0) {
            content.resize(filled);
            return content;
        }
        filled += static_cast<std::size_t>(got);
    }
    return failed(EFBIG);
}

Attempt<> PosixFileSystem::set_owner(const Handle& handle, role::Ownership owner) {
    return attempt([&] { return ::fchown(handle.fd.get(), owner.uid, owner.gid); });
}

Attempt<> PosixFileSystem::set_mode(const Handle& handle, mode_t mode) {
    return attempt([&] { return ::fchmod(handle.fd.get(), mode); });
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

Attempt<> PosixFileSystem::sync(const Handle& handle) {
    return attempt([&] { return ::fsync(handle.fd.get()); });
}

Attempt<> PosixFileSystem::sync_file_system(const Directory& directory) {
    return attempt([&] { return ::syncfs(directory.fd.get()); });
}

}  // namespace install_cert::installation
