// SPDX-License-Identifier: Apache-2.0
// How a batch of generations, or of swaps, becomes durable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "installation/file_system.h"
#include "installation/site.h"

namespace install_cert::installation {

// One phase: all generations are written before the first call, or all swaps are made.
//
// One syncfs(2) makes a batch of any size durable in one journal commit, where fsync(2) of each
// file and directory pays a commit or a flush each (ext4, N = 1/6/50/200 sets: 0.4/0.8/4/16 ms
// against 1.8/10/73/300 ms). But it also waits for what everybody else has written, so it is used
// only where that is little for the size of the batch, and where the kernel says what it lost.
class BatchSync {
  public:
    BatchSync(FileSystem& files, std::size_t sets);

    // A written generation and the entry that leads to it.
    [[nodiscard]] Attempt<> generation(const Site& site, const std::string& name);
    // A swap, and the links beside the home.
    [[nodiscard]] Attempt<> swap(const Site& site);

  private:
    enum class Means : std::uint8_t { each_file, whole_file_system };

    [[nodiscard]] Attempt<> whole(const Site& site);

    FileSystem& files_;
    Means means_;
    // The answer counts for every set there: a second syncfs(2) could not tell which set was lost
    // in the first.
    std::map<dev_t, Attempt<>> synced_;
};

// Every file of a generation, then its own entries, then the home's.
[[nodiscard]] Attempt<> sync_generation(FileSystem& files,
                                        const Site& site,
                                        const std::string& name);

}  // namespace install_cert::installation
