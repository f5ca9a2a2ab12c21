// SPDX-License-Identifier: Apache-2.0
#include "agent/record/former.h"

#include <algorithm>

#include "agent/record/recorded.h"
#include "agent/record/small_file.h"
#include "host/files.h"

namespace install_cert::agent {
namespace {

std::string path_in(const std::string& directory) {
    return directory + "/former.json";
}

bool names(const role::Role& role, const role::CertificateSpec& set) {
    return std::ranges::any_of(role.certificates, [&](const role::CertificateSpec& spec) {
        return spec.name == set.name && spec.directory == set.directory;
    });
}

Result<role::Role> read_former(const std::string& directory) {
    const auto json = host::read_text(path_in(directory));
    return json ? recorded_role(*json) : std::unexpected(json.error());
}

// Where it cannot be told, it is.
bool is_installed(const role::CertificateSpec& set, installation::GenerationStore& store) {
    const auto installed = store.read(set);
    return !installed || installed->has_value();
}

Result<> write_former(const std::string& directory, const role::Role& former) {
    const std::string json = recorded_json(former);
    const auto present = host::read_text(path_in(directory));
    const bool same = present ? *present == json : former.certificates.empty();
    return same ? Result<>() : replace_file(path_in(directory), json);
}

}  // namespace

role::Role former_sets(const std::string& directory, const role::Role& role) {
    role::Role former;
    for (const auto& known : {read_former(directory), read_recorded(directory)}) {
        for (const role::CertificateSpec& set :
             known ? known->certificates : std::vector<role::CertificateSpec>{}) {
            if (!names(role, set) && !names(former, set)) {
                former.certificates.push_back(set);
            }
        }
    }
    return former;
}

Result<std::vector<std::string>> note_former(const std::string& directory,
                                             const role::Role& role,
                                             installation::GenerationStore& store) {
    role::Role former = former_sets(directory, role);
    std::erase_if(former.certificates,
                  [&](const role::CertificateSpec& set) { return !is_installed(set, store); });
    if (const auto written = write_former(directory, former); !written) {
        return std::unexpected(written.error());
    }
    std::vector<std::string> news;
    const auto recorded = read_recorded(directory);
    for (const role::CertificateSpec& set : former.certificates) {
        if (recorded && names(*recorded, set)) {
            news.push_back(
                set.name + " in " + set.directory +
                " is no longer in the configuration: nobody renews it, and its files stay "
                "until 'install-cert remove --former'");
        }
    }
    return news;
}

}  // namespace install_cert::agent
