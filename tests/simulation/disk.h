// SPDX-License-Identifier: Apache-2.0
// What is installed on a simulated host, as a table; GenerationStore's verbs work on it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "installation/generation_store.h"
#include "installation/posix_file_system.h"
#include "support/forwarding_file_system.h"

namespace install_cert::simulation {

enum class DiskMood : std::uint8_t { good, full, read_only, does_not_sync };

struct StoredSet {
    installation::InstalledSet set;
    std::string key;
    std::string response;
    std::string trust{};  // its CA file's content
};

struct Home {
    // Shared with whoever remembers it: change() makes another one.
    std::shared_ptr<const StoredSet> current{};
    // What a power cut brings back while the last swap is not durable.
    std::shared_ptr<const StoredSet> before{};
    bool durable = true;
    std::map<std::string, StoredSet> staged{};

    template <class Change>
    void change(Change&& by) {
        auto changed = std::make_shared<StoredSet>(*current);
        by(changed->set);
        current = std::move(changed);
    }
};

// A FileSystem only so that a GenerationStore can be made with it: no verb of that port is called.
class Disk final : public testing::ForwardingFileSystem {
  public:
    Disk() : ForwardingFileSystem(unused()) {}

    // Called before each thing that a turn does to the disk; may throw to end the turn there.
    std::function<void(const char*)> on_step;

    DiskMood mood = DiskMood::good;
    std::map<std::string, Home> homes;
    std::uint64_t generations = 0;

    void cut_power();

  private:
    static installation::PosixFileSystem& unused() {
        static installation::PosixFileSystem files;
        return files;
    }
};

}  // namespace install_cert::simulation
