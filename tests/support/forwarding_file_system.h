// SPDX-License-Identifier: Apache-2.0
// A FileSystem that hands every verb on to another one, for tests that override one or two, or
// want a word before and after each.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "installation/file_system.h"

namespace install_cert::testing {

using installation::Attempt;
using installation::Directory;
using installation::Entry;
using installation::FileSystem;
using installation::Handle;
using installation::OpenFile;

class ForwardingFileSystem : public FileSystem {
  public:
    explicit ForwardingFileSystem(FileSystem& inner) : inner_(inner) {}

    uid_t user() const override { return inner_.user(); }

    Attempt<std::size_t> unwritten_bytes() override {
        return forward("unwritten_bytes", [&] { return inner_.unwritten_bytes(); });
    }

    bool reports_lost_writes() const override { return inner_.reports_lost_writes(); }

    Attempt<Directory> open_root(const std::string& path) override {
        return forward("open_root", [&] { return inner_.open_root(path); });
    }

    Attempt<Directory> open_directory(const Directory& parent, const std::string& name) override {
        return forward("open_directory", [&] { return inner_.open_directory(parent, name); });
    }

    Attempt<Directory> make_directory(const Directory& parent, const std::string& name) override {
        return forward("make_directory", [&] { return inner_.make_directory(parent, name); });
    }

    Attempt<std::vector<std::string>> list(const Directory& directory) override {
        return forward("list", [&] { return inner_.list(directory); });
    }

    Attempt<Entry> describe(const Handle& handle) override {
        return forward("describe", [&] { return inner_.describe(handle); });
    }

    Attempt<Entry> look(const Directory& parent, const std::string& name) override {
        return forward("look", [&] { return inner_.look(parent, name); });
    }

    Attempt<std::string> read_link(const Directory& parent, const std::string& name) override {
        return forward("read_link", [&] { return inner_.read_link(parent, name); });
    }

    Attempt<> make_link(const Directory& parent,
                        const std::string& name,
                        const std::string& target) override {
        return forward("make_link", [&] { return inner_.make_link(parent, name, target); });
    }

    Attempt<OpenFile> create_file(const Directory& parent, const std::string& name) override {
        return forward("create_file", [&] { return inner_.create_file(parent, name); });
    }

    Attempt<OpenFile> open_file(const Directory& parent, const std::string& name) override {
        return forward("open_file", [&] { return inner_.open_file(parent, name); });
    }

    Attempt<> write(const OpenFile& file, std::string_view bytes) override {
        return forward("write", [&] { return inner_.write(file, bytes); });
    }

    Attempt<Secret> read(const OpenFile& file, std::size_t limit) override {
        return forward("read", [&] { return inner_.read(file, limit); });
    }

    Attempt<> set_owner(const Handle& handle, role::Ownership owner) override {
        return forward("set_owner", [&] { return inner_.set_owner(handle, owner); });
    }

    Attempt<> set_mode(const Handle& handle, mode_t mode) override {
        return forward("set_mode", [&] { return inner_.set_mode(handle, mode); });
    }

    Attempt<> rename(const Directory& from,
                     const std::string& name,
                     const Directory& to,
                     const std::string& new_name) override {
        return forward("rename", [&] { return inner_.rename(from, name, to, new_name); });
    }

    Attempt<> remove_file(const Directory& parent, const std::string& name) override {
        return forward("remove_file", [&] { return inner_.remove_file(parent, name); });
    }

    Attempt<> remove_directory(const Directory& parent, const std::string& name) override {
        return forward("remove_directory", [&] { return inner_.remove_directory(parent, name); });
    }

    Attempt<> sync(const Handle& handle) override {
        return forward("sync", [&] { return inner_.sync(handle); });
    }

    Attempt<> sync_file_system(const Directory& directory) override {
        return forward("sync_file_system", [&] { return inner_.sync_file_system(directory); });
    }

  protected:
    // An error: the verb is not handed on, it fails with it.
    virtual std::optional<std::errc> before(std::string_view /*verb*/) { return std::nullopt; }

    virtual void after(std::string_view /*verb*/) {}

    template <class Verb>
    auto forward(std::string_view name, const Verb& verb) -> decltype(verb()) {
        if (const auto error = before(name)) {
            return std::unexpected(*error);
        }
        auto result = verb();
        after(name);
        return result;
    }

  private:
    FileSystem& inner_;
};

}  // namespace install_cert::testing
