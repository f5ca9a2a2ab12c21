// SPDX-License-Identifier: Apache-2.0
// The port to the disk: verbs on open directories and single names, never on paths, so that no
// verb can be led out of the directory it was given. A verb that meets a symbolic link does not
// follow it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "foundation/clock.h"
#include "foundation/secret.h"
#include "foundation/unique_fd.h"
#include "role/role.h"

namespace install_cert::installation {

// What went wrong is an errno value here: which file it was, only the caller can tell.
template <class T = void>
using Attempt = std::expected<T, std::errc>;

struct Handle {
    UniqueFd fd;
};

struct Directory : Handle {};

struct OpenFile : Handle {};

enum class EntryKind : std::uint8_t { file, directory, link, other };

struct Entry {
    EntryKind kind = EntryKind::other;
    role::Ownership owner{};
    mode_t mode = 0;  // the twelve permission bits
    nlink_t links = 0;
    std::size_t size = 0;
    dev_t device = 0;
    WallTime modified{};
};

// Each verb does one thing that can fail, so that a test can fail each one in its turn. Interrupted
// and short system calls are repeated within a verb.
class FileSystem {
  public:
    FileSystem() = default;
    virtual ~FileSystem() = default;
    FileSystem(const FileSystem&) = delete;
    FileSystem& operator=(const FileSystem&) = delete;

    // Whom everything that is made here belongs to: the effective user.
    [[nodiscard]] virtual uid_t user() const = 0;
    // How much all programs of this host have written that no disk holds yet.
    [[nodiscard]] virtual Attempt<std::size_t> unwritten_bytes() = 0;

    // Whether sync_file_system() says so when it lost what was written. syncfs(2) does since Linux
    // 5.8, sync() always did.
    [[nodiscard]] virtual bool reports_lost_writes() const { return true; }

    // The one verb that takes a path: where the walk begins ("/", or --root, trusted as it stands).
    [[nodiscard]] virtual Attempt<Directory> open_root(const std::string& path) = 0;
    // not_a_directory: something else, or a link, lies there.
    [[nodiscard]] virtual Attempt<Directory> open_directory(const Directory& parent,
                                                            const std::string& name) = 0;
    // 0700, without the access lists that its parent would hand down to it and to its content.
    [[nodiscard]] virtual Attempt<Directory> make_directory(const Directory& parent,
                                                            const std::string& name) = 0;
    [[nodiscard]] virtual Attempt<std::vector<std::string>> list(const Directory& directory) = 0;

    [[nodiscard]] virtual Attempt<Entry> describe(const Handle& handle) = 0;
    [[nodiscard]] virtual Attempt<Entry> look(const Directory& parent, const std::string& name) = 0;

    [[nodiscard]] virtual Attempt<std::string> read_link(const Directory& parent,
                                                         const std::string& name) = 0;
    [[nodiscard]] virtual Attempt<> make_link(const Directory& parent,
                                              const std::string& name,
                                              const std::string& target) = 0;

    // A new file for writing, 0600; file_exists when the name is taken.
    [[nodiscard]] virtual Attempt<OpenFile> create_file(const Directory& parent,
                                                        const std::string& name) = 0;
    // A regular file for reading; anything else is invalid_argument and is never waited for.
    [[nodiscard]] virtual Attempt<OpenFile> open_file(const Directory& parent,
                                                      const std::string& name) = 0;
    [[nodiscard]] virtual Attempt<> write(const OpenFile& file, std::string_view bytes) = 0;
    // All of it; file_too_large beyond `limit`.
    [[nodiscard]] virtual Attempt<Secret> read(const OpenFile& file, std::size_t limit) = 0;

    [[nodiscard]] virtual Attempt<> set_owner(const Handle& handle, role::Ownership owner) = 0;
    [[nodiscard]] virtual Attempt<> set_mode(const Handle& handle, mode_t mode) = 0;

    // Replaces a file or a link at the new name in one step; is_a_directory where that is one.
    [[nodiscard]] virtual Attempt<> rename(const Directory& from,
                                           const std::string& name,
                                           const Directory& to,
                                           const std::string& new_name) = 0;
    [[nodiscard]] virtual Attempt<> remove_file(const Directory& parent,
                                                const std::string& name) = 0;
    [[nodiscard]] virtual Attempt<> remove_directory(const Directory& parent,
                                                     const std::string& name) = 0;

    // fsync(2): of a file its content and metadata, of a directory its entries.
    [[nodiscard]] virtual Attempt<> sync(const Handle& handle) = 0;
    // syncfs(2): everything of the file system that `directory` lies on, also what others wrote.
    [[nodiscard]] virtual Attempt<> sync_file_system(const Directory& directory) = 0;
};

}  // namespace install_cert::installation
