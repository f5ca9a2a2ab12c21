// SPDX-License-Identifier: Apache-2.0
#include "agent/advice/sandbox.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <system_error>

#include "foundation/text.h"
#include "host/files.h"

namespace install_cert::agent {
namespace {

constexpr std::string_view kUnit = "install_cert.service";
// The later ones win (systemd.unit(5)).
constexpr std::array<std::string_view, 4> kUnitDirectories{
    "/lib/systemd/system", "/usr/lib/systemd/system", "/run/systemd/system", "/etc/systemd/system"};

std::optional<std::string> text_of_unit(const std::string& root) {
    std::optional<std::string> text;
    for (const std::string_view directory : kUnitDirectories) {
        if (auto found =
                host::read_text(root + std::string(directory) + "/" + std::string(kUnit))) {
            text = std::move(*found);
        }
    }
    return text;
}

// Drop-ins by file name, wherever they lie; one in a later directory replaces its namesake.
std::map<std::string, std::string> drop_in_texts(const std::string& root) {
    std::map<std::string, std::string> texts;
    for (const std::string_view directory : kUnitDirectories) {
        std::error_code none;
        const std::string path = root + std::string(directory) + "/" + std::string(kUnit) + ".d";
        for (const auto& entry : std::filesystem::directory_iterator(path, none)) {
            if (entry.path().extension() == ".conf") {
                texts[entry.path().filename()] = host::read_text(entry.path()).value_or("");
            }
        }
    }
    return texts;
}

void add_paths(std::string_view value, std::vector<std::string>& paths) {
    if (value.empty()) {
        paths.clear();  // an empty assignment begins anew
    }
    for (std::string path : split(value, ' ')) {
        path.erase(0, path.find_first_not_of("-+"));
        while (path.size() > 1 && path.ends_with('/')) {
            path.pop_back();
        }
        if (path.starts_with('/')) {
            paths.push_back(std::move(path));
        }
    }
}

}  // namespace

std::optional<std::vector<std::string>> writable_directories_of(
    const std::vector<std::string>& texts) {
    constexpr std::string_view closed = "ProtectSystem=";
    constexpr std::string_view opened = "ReadWritePaths=";
    std::vector<std::string> paths;
    bool strict = false;
    for (const std::string& text : texts) {
        for (const std::string& line : split(text, '\n')) {
            const std::string_view setting = line;
            if (setting.starts_with(closed)) {
                strict = setting.substr(closed.size()) == "strict";
            } else if (setting.starts_with(opened)) {
                add_paths(setting.substr(opened.size()), paths);
            }
        }
    }
    return strict ? std::optional(std::move(paths)) : std::nullopt;
}

std::optional<std::vector<std::string>> writable_directories(const std::string& root) {
    auto unit = text_of_unit(root);
    if (!unit) {
        return std::nullopt;
    }
    std::vector<std::string> texts{std::move(*unit)};
    for (auto& [name, text] : drop_in_texts(root)) {
        texts.push_back(std::move(text));
    }
    return writable_directories_of(texts);
}

bool is_within(std::string_view directory, const std::vector<std::string>& opened) {
    return std::ranges::any_of(opened, [&](const std::string& path) {
        return path == "/" || directory == path ||
               (directory.starts_with(path) && directory[path.size()] == '/');
    });
}

std::string sandbox_drop_in(const std::string& directory) {
    return "systemctl edit install_cert.service, and add below [Service]: ReadWritePaths=-" +
           directory;
}

}  // namespace install_cert::agent
