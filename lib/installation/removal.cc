// SPDX-License-Identifier: Apache-2.0
#include "installation/removal.h"

#include "installation/refusal.h"

namespace install_cert::installation {

namespace {

// What has a generation's name and is no directory: no generation, but in its way.
Result<> remove_impostor(FileSystem& files, const Site& site, const std::string& name) {
    const auto removed = files.remove_file(site.home, name);
    return removed ? Result<>{} : refused(site.path_within_home(name), removed.error());
}

}  // namespace

Result<> remove_generation(FileSystem& files, const Site& site, const std::string& name) {
    const std::string path = site.path_within_home(name);
    const auto directory = files.open_directory(site.home, name);
    if (!directory && directory.error() == std::errc::no_such_file_or_directory) {
        return {};
    }
    if (!directory && directory.error() == std::errc::not_a_directory) {
        return remove_impostor(files, site, name);
    }
    const auto names = directory
                           ? files.list(*directory)
                           : Attempt<std::vector<std::string>>(std::unexpected(directory.error()));
    if (!names) {
        return refused(path, names.error());
    }
    for (const std::string& file : *names) {
        if (const auto removed = files.remove_file(*directory, file); !removed) {
            return refused(path + "/" + file, removed.error());
        }
    }
    if (const auto removed = files.remove_directory(site.home, name); !removed) {
        return refused(path, removed.error());
    }
    return {};
}

}  // namespace install_cert::installation
