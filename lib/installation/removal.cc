// SPDX-License-Identifier: Apache-2.0
#include "installation/removal.h"

#include "installation/refusal.h"

namespace install_cert::installation {

Result<> remove_generation(FileSystem& files, const Site& site, const std::string& name) {
    const std::string path = site.path_within_home(name);
    const auto directory = files.open_directory(site.home, name);
    if (!directory && directory.error() == std::errc::no_such_file_or_directory) {
        return {};
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
