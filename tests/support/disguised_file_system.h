// SPDX-License-Identifier: Apache-2.0
// A FileSystem in which chosen files and directories belong to somebody else, so that ownership
// rules are tested without root.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <map>
#include <string>

#include "tests/support/forwarding_file_system.h"

namespace install_cert::testing {

inline constexpr uid_t kStranger = 65534;

class DisguisedFileSystem final : public ForwardingFileSystem {
  public:
    using ForwardingFileSystem::ForwardingFileSystem;

    // `path` itself, a link included, is said to belong to `owner` from now on.
    void disguise(const std::string& path, uid_t owner) { owners_[inode(path)] = owner; }

    Attempt<Entry> describe(const Handle& handle) override {
        struct stat status{};
        auto entry = ForwardingFileSystem::describe(handle);
        return ::fstat(handle.fd.get(), &status) == 0 ? disguised(entry, status.st_ino) : entry;
    }

    Attempt<Entry> look(const Directory& parent, const std::string& name) override {
        struct stat status{};
        auto entry = ForwardingFileSystem::look(parent, name);
        return ::fstatat(parent.fd.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0
                   ? disguised(entry, status.st_ino)
                   : entry;
    }

    Attempt<> set_owner(const Handle& handle, role::Ownership owner) override {
        struct stat status{};
        if (::fstat(handle.fd.get(), &status) == 0 && owners_.contains(status.st_ino)) {
            owners_[status.st_ino] = owner.uid;
            return {};
        }
        return ForwardingFileSystem::set_owner(handle, owner);
    }

  private:
    static ino_t inode(const std::string& path) {
        struct stat status{};
        return ::lstat(path.c_str(), &status) == 0 ? status.st_ino : 0;
    }

    Attempt<Entry> disguised(Attempt<Entry> entry, ino_t inode) const {
        const auto owner = owners_.find(inode);
        if (entry && owner != owners_.end()) {
            entry->owner.uid = owner->second;
        }
        return entry;
    }

    std::map<ino_t, uid_t> owners_;
};

}  // namespace install_cert::testing
