// SPDX-License-Identifier: Apache-2.0
// Reads file names and modes, and refuses what would expose a key.
#include "role/read_files.h"

#include <sys/types.h>

#include <algorithm>
#include <array>
#include <climits>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "role/diagnostics.h"
#include "role/document.h"
#include "role/role.h"
#include "role/section.h"

namespace install_cert::role {
namespace {

struct FileKind {
    const char* key;
    std::optional<File> Files::* member;
    mode_t default_mode;
    mode_t widest_mode;
    const char* reason;
};

constexpr const char* kSecretReason = "the private key would be readable by more than its group";
constexpr const char* kPublicReason = "nobody but the owner writes it, and nobody executes it";

constexpr std::array kFileKinds{
    FileKind{"ca", &Files::ca, 0644, 0644, kPublicReason},
    FileKind{"certificate", &Files::certificate, 0644, 0644, kPublicReason},
    FileKind{"key", &Files::key, 0600, 0640, kSecretReason},
    FileKind{"response", &Files::response, 0600, 0640, kSecretReason},
};

// "640" or "0640"
std::optional<mode_t> parse_mode(std::string_view text) {
    if (text.size() == 4 && text.starts_with('0')) {
        text.remove_prefix(1);
    }
    if (text.size() != 3 || text.find_first_not_of("01234567") != std::string_view::npos) {
        return std::nullopt;
    }
    mode_t mode = 0;
    for (const char digit : text) {
        mode = (mode << 3U) | static_cast<mode_t>(digit - '0');
    }
    return mode;
}

std::string octal(mode_t mode) {
    std::string text = "0000";
    for (std::size_t i = text.size(); mode != 0; mode >>= 3U) {
        text[--i] = static_cast<char>('0' + (mode & 7U));
    }
    return text;
}

mode_t read_mode(const Section& file, const FileKind& kind) {
    const auto* node = file.find("mode");
    if (node == nullptr) {
        return kind.default_mode;
    }
    const auto mode = parse_mode(node->text);
    if (node->quoting == Quoting::plain || !mode) {
        file.report(
            node->mark,
            quoted(node->text) + " is no mode",
            "write a quoted octal string: \"" + octal(mode.value_or(kind.default_mode)) + "\"");
        return kind.default_mode;
    }
    if ((*mode & ~kind.widest_mode) != 0) {
        file.report(node->mark,
                    std::string("mode ") + octal(*mode) + " of '" + kind.key + "' is wider than " +
                        octal(kind.widest_mode),
                    kind.reason);
    } else if ((*mode & 0400U) == 0) {
        file.report(node->mark, "mode " + octal(*mode) + " keeps the owner from reading the file");
    }
    return *mode;
}

std::optional<File> read_file(const Section& files, const FileKind& kind) {
    const auto* node = files.find(kind.key);
    if (node == nullptr) {
        return std::nullopt;
    }
    const Section file(
        node, node->mark, std::string("file '") + kind.key + "'", files.diagnostics());
    File result{.name = file.required_text("name"), .mode = read_mode(file, kind)};
    if (result.name.empty()) {
        return std::nullopt;
    }
    if (auto fault = fault_of_file_name(result.name); !fault.empty()) {
        file.report(file.mark_of("name"), "file name " + quoted(result.name) + " " + fault);
        return std::nullopt;
    }
    return result;
}

}  // namespace

std::string fault_of_file_name(std::string_view name) {
    if (name.empty()) {
        return "is empty";
    }
    if (std::ranges::any_of(name, [](char c) { return c >= '\0' && c < ' '; })) {
        return "holds a control character";
    }
    if (name.contains('/')) {
        return "holds a slash: all files of a set lie in its directory";
    }
    if (name.starts_with('.')) {
        return "begins with a dot: those names are ours";
    }
    if (name.starts_with('-')) {
        return "begins with a dash: commands take it for an option";
    }
    return name.size() > NAME_MAX ? "is longer than 255 bytes" : "";
}

Files read_files(const Section& certificate) {
    Files result;
    const Section files(certificate.find("files"),
                        certificate.mark_of("files"),
                        certificate.title(),
                        certificate.diagnostics());
    std::map<std::string_view, const char*> taken;
    for (const auto& kind : kFileKinds) {
        result.*kind.member = read_file(files, kind);
        const auto& file = result.*kind.member;
        if (!file) {
            continue;
        }
        const auto [earlier, is_new] = taken.emplace(file->name, kind.key);
        if (!is_new) {
            files.report(files.mark_of(kind.key),
                         std::string("'") + kind.key + "' and '" + earlier->second +
                             "' have one name, " + quoted(file->name));
        }
    }
    if (files.keys().empty() &&
        !(certificate.has("files") && certificate.find("files") == nullptr)) {
        files.report_missing(certificate.title() + " has no 'files': nothing would be installed");
    }
    return result;
}

}  // namespace install_cert::role
