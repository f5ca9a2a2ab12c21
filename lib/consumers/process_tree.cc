// SPDX-License-Identifier: Apache-2.0
#include "consumers/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "foundation/handle.h"
#include "foundation/unique_fd.h"

namespace install_cert::consumers {

namespace {

using DirectoryHandle = std::unique_ptr<DIR, ReleaseWith<::closedir>>;

// A command that forks faster than we kill must not hold us for ever.
constexpr int kGenerations = 64;

std::optional<pid_t> number(std::string_view text) {
    pid_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end == text.data()) {
        return std::nullopt;
    }
    return value;
}

// "PID (COMMAND) STATE PPID ...", where COMMAND may hold anything: see proc(5).
std::optional<pid_t> parent_in(std::string_view stat) {
    const std::size_t command_end = stat.rfind(')');
    if (command_end == std::string_view::npos || stat.size() < command_end + 5) {
        return std::nullopt;
    }
    return number(stat.substr(command_end + 4));
}

std::optional<pid_t> parent_of(int proc, const char* pid) {
    const std::string path = std::string(pid) + "/stat";
    const UniqueFd file(::openat(proc, path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 512> buffer{};
    const ssize_t size = file ? ::read(file.get(), buffer.data(), buffer.size()) : -1;
    if (size <= 0) {
        return std::nullopt;
    }
    return parent_in({buffer.data(), static_cast<std::size_t>(size)});
}

}  // namespace

std::set<pid_t> children_of(pid_t parent) {
    std::set<pid_t> children;
    const DirectoryHandle proc(::opendir("/proc"));
    if (!proc) {
        return children;
    }
    while (const dirent* entry = ::readdir(proc.get())) {
        const auto pid = number(entry->d_name);
        if (pid && parent_of(::dirfd(proc.get()), entry->d_name) == parent) {
            children.insert(*pid);
        }
    }
    return children;
}

void adopt_orphans() {
    (void)::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void kill_children_except(const std::set<pid_t>& spared) {
    for (int generation = 0; generation < kGenerations; ++generation) {
        bool found = false;
        for (const pid_t child : children_of(::getpid())) {
            if (spared.contains(child)) {
                continue;
            }
            found = true;
            (void)::kill(child, SIGKILL);
            while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
            }
        }
        if (!found) {
            return;
        }
    }
}

}  // namespace install_cert::consumers
