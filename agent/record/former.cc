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

using Sets = std::vector<role::CertificateSpec>;

bool names(const Sets& sets, const role::CertificateSpec& set) {
    return std::ranges::any_of(sets, [&](const role::CertificateSpec& other) {
        return other.name == set.name && other.directory == set.directory;
    });
}

Sets sets_of(const Result<role::Role>& known) {
    return known ? known->certificates : Sets();
}

Sets sets_in(const Result<std::string>& json) {
    return json ? sets_of(recorded_role(*json)) : Sets();
}

// Those of either that `role` does not name, each once.
role::Role beyond(const role::Role& role, const Sets& former, const Sets& recorded) {
    role::Role left;
    for (const Sets* const sets : {&former, &recorded}) {
        for (const role::CertificateSpec& set : *sets) {
            if (!names(role.certificates, set) && !names(left.certificates, set)) {
                left.certificates.push_back(set);
            }
        }
    }
    return left;
}

// Where it cannot be told, it is.
bool is_installed(const role::CertificateSpec& set, installation::GenerationStore& store) {
    const auto installed = store.read(set);
    return !installed || installed->has_value();
}

}  // namespace

role::Role former_sets(const std::string& directory, const role::Role& role) {
    return beyond(
        role, sets_in(host::read_text(path_in(directory))), sets_of(read_recorded(directory)));
}

Result<std::vector<std::string>> note_former(const std::string& directory,
                                             const role::Role& role,
                                             installation::GenerationStore& store) {
    const auto present = host::read_text(path_in(directory));
    const Sets recorded = sets_of(read_recorded(directory));
    role::Role former = beyond(role, sets_in(present), recorded);
    std::erase_if(former.certificates,
                  [&](const role::CertificateSpec& set) { return !is_installed(set, store); });
    if (present || !former.certificates.empty()) {
        if (const auto kept = keep_file(path_in(directory), recorded_json(former)); !kept) {
            return std::unexpected(kept.error());
        }
    }
    std::vector<std::string> news;
    for (const role::CertificateSpec& set : former.certificates) {
        if (names(recorded, set)) {
            news.push_back(
                set.name + " in " + set.directory +
                " is no longer in the configuration: nobody renews it, and its files stay "
                "until 'install-cert remove --former'");
        }
    }
    return news;
}

}  // namespace install_cert::agent
