// SPDX-License-Identifier: Apache-2.0
// The disk itself. Only the posix_* files of this module make system calls.
#pragma once

#include <string_view>
#include <utility>

#include "installation/file_system.h"

namespace install_cert::installation {

// Whether the kernel of this release ("5.10.0-26-amd64") is `wanted` or newer; one that cannot be
// read is not.
[[nodiscard]] bool is_kernel_since(std::string_view release, std::pair<int, int> wanted);

class PosixFileSystem final : public FileSystem {
  public:
    [[nodiscard]] uid_t user() const override;
    [[nodiscard]] Attempt<std::size_t> unwritten_bytes() override;
    [[nodiscard]] bool reports_lost_writes() const override;
    [[nodiscard]] Attempt<Directory> open_root(const std::string& path) override;
    [[nodiscard]] Attempt<Directory> open_directory(const Directory& parent,
                                                    const std::string& name) override;
    [[nodiscard]] Attempt<Directory> make_directory(const Directory& parent,
                                                    const std::string& name) override;
    [[nodiscard]] Attempt<std::vector<std::string>> list(const Directory& directory) override;
    [[nodiscard]] Attempt<Entry> describe(const Handle& handle) override;
    [[nodiscard]] Attempt<Entry> look(const Directory& parent, const std::string& name) override;
    [[nodiscard]] Attempt<std::string> read_link(const Directory& parent,
                                                 const std::string& name) override;
    [[nodiscard]] Attempt<> make_link(const Directory& parent,
                                      const std::string& name,
                                      const std::string& target) override;
    [[nodiscard]] Attempt<OpenFile> create_file(const Directory& parent,
                                                const std::string& name) override;
    [[nodiscard]] Attempt<OpenFile> open_file(const Directory& parent,
                                              const std::string& name) override;
    [[nodiscard]] Attempt<> write(const OpenFile& file, std::string_view bytes) override;
    [[nodiscard]] Attempt<Secret> read(const OpenFile& file, std::size_t limit) override;
    [[nodiscard]] Attempt<> set_owner(const Handle& handle, role::Ownership owner) override;
    [[nodiscard]] Attempt<> set_mode(const Handle& handle, mode_t mode) override;
    [[nodiscard]] Attempt<> rename(const Directory& from,
                                   const std::string& name,
                                   const Directory& to,
                                   const std::string& new_name) override;
    [[nodiscard]] Attempt<> remove_file(const Directory& parent, const std::string& name) override;
    [[nodiscard]] Attempt<> remove_directory(const Directory& parent,
                                             const std::string& name) override;
    [[nodiscard]] Attempt<> sync(const Handle& handle) override;
    [[nodiscard]] Attempt<> sync_file_system(const Directory& directory) override;
};

}  // namespace install_cert::installation
