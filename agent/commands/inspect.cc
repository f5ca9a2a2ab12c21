// SPDX-License-Identifier: Apache-2.0
// `inspect`: the health table for any PEM files or directories.
#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "agent/commands/commands.h"
#include "agent/process.h"
#include "agent/report/console.h"
#include "agent/report/inspection.h"
#include "foundation/handle.h"
#include "host/files.h"

namespace install_cert::agent {
namespace {

using DirectoryStream = std::unique_ptr<DIR, ReleaseWith<closedir>>;

// Certificates bundles of a distribution are the largest PEM files there are.
constexpr std::size_t kPemLimit = std::size_t{1} << 20;

bool looks_like_pem(std::string_view name) {
    constexpr std::array<std::string_view, 4> endings{".pem", ".crt", ".key", ".cert"};
    return !name.starts_with('.') &&
           std::ranges::any_of(endings, [&](auto ending) { return name.ends_with(ending); });
}

Result<std::vector<std::string>> pem_files_of(const std::string& directory) {
    const DirectoryStream stream(::opendir(directory.c_str()));
    if (!stream) {
        return fail_errno(Failure::io, directory, errno);
    }
    std::vector<std::string> paths;
    while (const dirent* const entry = ::readdir(stream.get())) {
        if (looks_like_pem(entry->d_name)) {
            paths.push_back((directory.ends_with('/') ? directory : directory + "/") +
                            entry->d_name);
        }
    }
    std::ranges::sort(paths);
    return paths;
}

PemFile read(const std::string& path) {
    auto text = host::read_text(path, kPemLimit);
    if (!text) {
        return {.path = path, .content = std::unexpected(text.error())};
    }
    PemFile file{.path = path, .content = Secret(*text)};
    wipe_memory(text->data(), text->size());
    return file;
}

}  // namespace

int inspect(const Options& options) {
    become_undumpable();
    std::vector<PemFile> files;
    for (const std::string& operand : options.operands) {
        struct stat status{};
        if (::stat(operand.c_str(), &status) != 0) {
            (void)complain(fail_errno(Failure::io, operand, errno).error());
            return static_cast<int>(Health::unknown);
        }
        if (!S_ISDIR(status.st_mode)) {
            files.push_back(read(operand));
            continue;
        }
        const auto paths = pem_files_of(operand);
        if (!paths) {
            (void)complain(paths.error());
            return static_cast<int>(Health::unknown);
        }
        std::ranges::transform(*paths, std::back_inserter(files), read);
    }
    const WallTime now = SystemClock().now();
    const HealthReport report = inspect_files(files, now);
    if (report.certificates.empty()) {
        warn("no PEM files found");
    }
    say(options.json ? to_json(report) : to_table(report, now, colour_of_stdout()));
    return static_cast<int>(report.health);
}

}  // namespace install_cert::agent
