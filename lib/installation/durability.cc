// SPDX-License-Identifier: Apache-2.0
#include "installation/durability.h"

namespace install_cert::installation {
namespace {

// What a disk of 100 MB/s writes in the time of the six commits that it saves a set (HDD: 10 ms
// each; faster disks are faster in both).
constexpr std::size_t kForeignBytesPerSet = std::size_t{8} << 20;
// Where /proc/meminfo is hidden from us.
constexpr std::size_t kFewSets = 4;

bool is_worth_everything(FileSystem& files, std::size_t sets) {
    if (!files.reports_lost_writes()) {
        return false;
    }
    const auto unwritten = files.unwritten_bytes();
    return unwritten ? *unwritten <= sets * kForeignBytesPerSet : sets > kFewSets;
}

}  // namespace

BatchSync::BatchSync(FileSystem& files, std::size_t sets)
    : files_(files),
      means_(is_worth_everything(files, sets) ? Means::whole_file_system : Means::each_file) {}

Attempt<> BatchSync::generation(const Site& site, const std::string& name) {
    return means_ == Means::whole_file_system ? whole(site) : sync_generation(files_, site, name);
}

Attempt<> BatchSync::swap(const Site& site) {
    if (means_ == Means::whole_file_system) {
        return whole(site);
    }
    const auto synced = files_.sync(site.home);
    return synced ? files_.sync(site.directory) : synced;
}

Attempt<> BatchSync::whole(const Site& site) {
    const auto [at, is_first] = synced_.try_emplace(site.home_entry.device);
    if (is_first) {
        at->second = files_.sync_file_system(site.home);
    }
    return at->second;
}

Attempt<> sync_generation(FileSystem& files, const Site& site, const std::string& name) {
    const auto directory = files.open_directory(site.home, name);
    const auto names = directory
                           ? files.list(*directory)
                           : Attempt<std::vector<std::string>>(std::unexpected(directory.error()));
    if (!names) {
        return std::unexpected(names.error());
    }
    for (const std::string& file_name : *names) {
        const auto file = files.open_file(*directory, file_name);
        const auto synced = file ? files.sync(*file) : Attempt<>(std::unexpected(file.error()));
        if (!synced) {
            return synced;
        }
    }
    const auto synced = files.sync(*directory);
    return synced ? files.sync(site.home) : synced;
}

}  // namespace install_cert::installation
