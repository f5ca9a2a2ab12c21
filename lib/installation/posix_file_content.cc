// SPDX-License-Identifier: Apache-2.0
// Files: what is in them, whose they are, and when the disk has them.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>

#include "installation/posix_calls.h"
#include "installation/posix_file_system.h"

namespace install_cert::installation {

using posix::attempt;
using posix::failed;
using posix::open_at;
using posix::uninterrupted;

namespace {

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

}  // namespace

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

bool is_kernel_since(std::string_view release, std::pair<int, int> wanted) {
    std::pair<int, int> version{};
    const char* const end = release.data() + release.size();
    const auto major = std::from_chars(release.data(), end, version.first);
    if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') {
        return false;
    }
    const auto minor = std::from_chars(major.ptr + 1, end, version.second);
    return minor.ec == std::errc{} && version >= wanted;
}

bool PosixFileSystem::reports_lost_writes() const {
    utsname kernel{};
    return ::uname(&kernel) == 0 && is_kernel_since(&kernel.release[0], {5, 8});
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

Attempt<> PosixFileSystem::sync(const Handle& handle) {
    return attempt([&] { return ::fsync(handle.fd.get()); });
}

Attempt<> PosixFileSystem::sync_file_system(const Directory& directory) {
    return attempt([&] { return ::syncfs(directory.fd.get()); });
}

}  // namespace install_cert::installation
