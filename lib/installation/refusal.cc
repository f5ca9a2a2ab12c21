// SPDX-License-Identifier: Apache-2.0
#include "installation/refusal.h"

#include <array>
#include <cstdio>
#include <utility>

namespace install_cert::installation {
namespace {

std::string way_out_of(const std::string& path, std::errc cause) {
    if (cause == std::errc::no_space_on_device) {
        return "make room, and inodes (df, df -i)";
    }
    if (cause == std::errc::read_only_file_system) {
        return "mount it for writing; for a directory that the daemon's sandbox closes: make it, "
               "systemctl edit install_cert.service, and add below [Service]: ReadWritePaths=-" +
               path + " (then restart it)";
    }
    return {};
}

}  // namespace

Failure kind_of(std::errc cause) {
    if (cause == std::errc::io_error || cause == std::errc::too_many_files_open ||
        cause == std::errc::too_many_files_open_in_system ||
        cause == std::errc::not_enough_memory) {
        return Failure::io;
    }
    return Failure::cannot_write;
}

std::unexpected<Error> refused(const std::string& path, std::errc cause) {
    auto failure = fail_errno(kind_of(cause), path, std::to_underlying(cause));
    failure.error().way_out = way_out_of(path, cause);
    return failure;
}

std::unexpected<Error> refused(const std::string& path, const std::string& why) {
    return fail(Failure::cannot_write, path + ": " + why);
}

std::string octal(mode_t mode) {
    std::array<char, 16> text{};
    const int size = std::snprintf(text.data(), text.size(), "%04o", mode & 07777U);
    return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace install_cert::installation
