// SPDX-License-Identifier: Apache-2.0
// Reads configuration, text and secrets, each by its own rules.
#include "host/files.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/handle.h"
#include "foundation/result.h"
#include "foundation/secret.h"
#include "host/input_file.h"

namespace install_cert::host {
namespace {

constexpr std::size_t kSmallFile = 4096;

using Directory = std::unique_ptr<DIR, ReleaseWith<::closedir>>;

std::string octal(mode_t mode) {
    std::string text = "0000";
    mode &= 07777U;
    for (std::size_t i = text.size(); i > 0; mode >>= 3U) {
        text[--i] = static_cast<char>('0' + (mode & 7U));
    }
    return text;
}

Result<std::string> read_all(const InputFile& file, const std::string& path, std::size_t limit) {
    // One byte more than expected tells a file that grew from one that was read whole.
    // Files of /proc say that they are empty.
    const auto expected = std::clamp(
        static_cast<std::size_t>(file.status.st_size), std::min(kSmallFile, limit), limit);
    std::string text(expected + 1, '\0');
    std::size_t filled = 0;
    while (true) {
        const auto got = read_up_to(file, path, std::span(text).subspan(filled));
        if (!got) {
            return std::unexpected(got.error());
        }
        filled += *got;
        if (filled < text.size()) {
            text.resize(filled);
            return text;
        }
        if (filled > limit) {
            return fail(Failure::config,
                        path + ": larger than " + std::to_string(limit >> 10U) + " KiB");
        }
        text.resize(std::min(2 * text.size(), limit + 1));
    }
}

std::unexpected<Error> as_config(Error error) {
    error.kind = Failure::config;
    return std::unexpected(std::move(error));
}

// Why a file with this owner and mode may not hold a secret, or empty.
std::string exposure(const struct stat& status, Readers readers) {
    constexpr mode_t kOthersRead = 0004;
    const mode_t forbidden = readers == Readers::anybody ? 0007U & ~kOthersRead : 0007U;
    if (!is_trusted(status.st_uid)) {
        return "belongs to user " + std::to_string(status.st_uid);
    }
    if ((status.st_mode & forbidden) != 0) {
        return "mode " + octal(status.st_mode) + " opens it to everybody";
    }
    if ((status.st_mode & 0020U) != 0) {
        return "mode " + octal(status.st_mode) + " lets its group write it";
    }
    return {};
}

void trim_line_end(Secret& secret) {
    if (secret.reveal().ends_with('\n')) {
        secret.resize(secret.size() - 1);
        if (secret.reveal().ends_with('\r')) {
            secret.resize(secret.size() - 1);
        }
    }
}

// What goes into a header must not be able to end it.
bool is_one_word(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

std::unexpected<Error> not_a_token(const std::string& path, const std::string& why) {
    return fail(
        Failure::denied, path + ": not a token: " + why, "write the token alone, on one line");
}

}  // namespace

Result<std::string> read_config(const std::string& path) {
    const auto file = open_input(path);
    if (!file) {
        return as_config(file.error());
    }
    if (!is_trusted(file->status.st_uid)) {
        return fail(Failure::config,
                    path + ": belongs to user " + std::to_string(file->status.st_uid),
                    "chown root " + path);
    }
    if ((file->status.st_mode & 0022U) != 0) {
        return fail(Failure::config,
                    path + ": mode " + octal(file->status.st_mode) + " lets others write it",
                    "chmod go-w " + path);
    }
    auto text = read_all(*file, path, kConfigLimit);
    return text ? text : as_config(text.error());
}

Result<std::vector<std::string>> drop_ins(const std::string& directory) {
    const Directory opened(::opendir(directory.c_str()));
    if (!opened) {
        if (errno == ENOENT) {
            return std::vector<std::string>{};
        }
        return fail_errno(Failure::config, directory, errno);
    }
    std::vector<std::string> paths;
    errno = 0;
    while (const auto* entry = ::readdir(opened.get())) {
        const std::string_view name = entry->d_name;
        if (!name.starts_with('.') && name.ends_with(".yaml")) {
            paths.push_back(directory + "/" + std::string(name));
        }
        errno = 0;
    }
    if (errno != 0) {
        return fail_errno(Failure::config, directory, errno);
    }
    std::ranges::sort(paths);
    return paths;
}

Result<std::string> read_text(const std::string& path, std::size_t limit) {
    const auto file = open_input(path);
    return file ? read_all(*file, path, limit) : std::unexpected(file.error());
}

Result<Secret> read_secret(const std::string& path, Readers readers) {
    const auto file = open_input(path);
    if (!file) {
        return std::unexpected(file.error());
    }
    if (auto why = exposure(file->status, readers); !why.empty()) {
        return fail(
            Failure::denied, path + ": " + why, "chown root " + path + "; chmod 0600 " + path);
    }
    Secret secret;
    secret.resize(kSecretLimit + 1);
    const auto size = read_up_to(*file, path, {secret.data(), secret.size()});
    if (!size) {
        return std::unexpected(size.error());
    }
    if (*size > kSecretLimit) {
        return not_a_token(path, "larger than 64 KiB");
    }
    secret.resize(*size);
    trim_line_end(secret);
    if (secret.empty()) {
        return fail(Failure::not_yet, path + ": empty");
    }
    if (!is_one_word(secret.reveal())) {
        return not_a_token(path, "it holds white space or bytes that are not printable ASCII");
    }
    return secret;
}

std::string file_version(const std::string& path) {
    const auto file = open_input(path);
    if (!file) {
        return {};
    }
    const struct stat& status = file->status;
    return std::to_string(status.st_ino) + "@" + std::to_string(status.st_mtim.tv_sec) + "." +
           std::to_string(status.st_mtim.tv_nsec);
}

}  // namespace install_cert::host
