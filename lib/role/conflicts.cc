// SPDX-License-Identifier: Apache-2.0
// Finds certificates that would overwrite each other.
#include "role/conflicts.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "role/diagnostics.h"
#include "role/document.h"
#include "role/role.h"

namespace install_cert::role {
namespace {

constexpr std::array<std::pair<const char*, std::optional<File> Files::*>, 4> kFiles{
    {{"ca", &Files::ca},
     {"certificate", &Files::certificate},
     {"key", &Files::key},
     {"response", &Files::response}}};

// Path -> the certificate that owns it.
using Owners = std::unordered_map<std::string, const CertificateSpec*>;

Mark mark_of(const Node& certificate, std::string_view section, std::string_view key = {}) {
    const auto* node = certificate.find(section);
    const auto* inner = node == nullptr || key.empty() ? node : node->find(key);
    return inner == nullptr ? certificate.mark : inner->mark;
}

void claim_files(const CertificateSpec& spec,
                 const Node& node,
                 Owners& owners,
                 Diagnostics& diagnostics) {
    for (const auto& [key, member] : kFiles) {
        const auto& file = spec.files.*member;
        if (!file || spec.directory.empty()) {
            continue;
        }
        auto path = spec.directory + "/" + file->name;
        const auto [owner, is_new] = owners.emplace(path, &spec);
        if (!is_new && owner->second != &spec) {
            diagnostics.add(
                mark_of(node, "files", key),
                Remark{.what = quoted(path) + " belongs to certificate " +
                               quoted(owner->second->name) + " already",
                       .way_out = "give each certificate file names or a directory of its own"});
        }
    }
}

// A directory that is, or lies below, a path that another certificate owns.
void check_directory(const CertificateSpec& spec,
                     const Node& node,
                     const Owners& owners,
                     Diagnostics& diagnostics) {
    const std::string_view directory = spec.directory;
    for (auto end = directory.find('/', 1); !directory.empty();
         end = directory.find('/', end + 1)) {
        const std::string ancestor(directory.substr(0, end));
        if (const auto owner = owners.find(ancestor); owner != owners.end()) {
            diagnostics.add(
                mark_of(node, "directory"),
                Remark{.what = quoted(spec.directory) + " lies in " + quoted(ancestor) +
                               ", which belongs to certificate " + quoted(owner->second->name)});
            return;
        }
        if (end == std::string_view::npos) {
            return;
        }
    }
}

}  // namespace

void check_conflicts(std::span<const CertificateSpec> specs,
                     std::span<const Node* const> written,
                     Diagnostics& diagnostics) {
    Owners owners;
    for (const auto& spec : specs) {
        if (!spec.directory.empty()) {
            owners.emplace(spec.directory + "/." + spec.name, &spec);  // its generations
        }
    }
    for (std::size_t i = 0; i < specs.size(); ++i) {
        claim_files(specs[i], *written[i], owners, diagnostics);
    }
    for (std::size_t i = 0; i < specs.size(); ++i) {
        check_directory(specs[i], *written[i], owners, diagnostics);
    }
}

void order_for_publication(std::vector<CertificateSpec>& specs) {
    std::ranges::stable_partition(
        specs, [](const CertificateSpec& spec) { return spec.files.ca.has_value(); });
}

}  // namespace install_cert::role
