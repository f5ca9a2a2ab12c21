// SPDX-License-Identifier: Apache-2.0
// What prove_writable() takes for writable is: a set that was asked for after it fits.
#include <catch2/catch.hpp>

#include "tests/installation/store_fixture.h"
#include "tests/support/forwarding_file_system.h"

namespace install_cert::installation {
namespace {

constexpr std::size_t kPlenty = std::size_t{1} << 30;
constexpr std::size_t kPage = 4096;

// Has room for so many more entries, and for so many bytes in them.
class ScarceFileSystem final : public testing::ForwardingFileSystem {
  public:
    using ForwardingFileSystem::ForwardingFileSystem;

    std::size_t entries = kPlenty;
    std::size_t bytes = kPlenty;

    Attempt<Directory> make_directory(const Directory& parent, const std::string& name) override {
        return make([&] { return ForwardingFileSystem::make_directory(parent, name); });
    }

    Attempt<OpenFile> create_file(const Directory& parent, const std::string& name) override {
        return make([&] { return ForwardingFileSystem::create_file(parent, name); });
    }

    Attempt<> make_link(const Directory& parent,
                        const std::string& name,
                        const std::string& target) override {
        return make([&] { return ForwardingFileSystem::make_link(parent, name, target); });
    }

    Attempt<> write(const OpenFile& file, std::string_view content) override {
        if (content.size() > bytes) {
            return std::unexpected(std::errc::no_space_on_device);
        }
        bytes -= content.size();
        return ForwardingFileSystem::write(file, content);
    }

    Attempt<> rename(const Directory& from,
                     const std::string& name,
                     const Directory& to,
                     const std::string& new_name) override {
        return replace(
            to, new_name, [&] { return ForwardingFileSystem::rename(from, name, to, new_name); });
    }

    Attempt<> remove_file(const Directory& parent, const std::string& name) override {
        return replace(
            parent, name, [&] { return ForwardingFileSystem::remove_file(parent, name); });
    }

    Attempt<> remove_directory(const Directory& parent, const std::string& name) override {
        return replace(
            parent, name, [&] { return ForwardingFileSystem::remove_directory(parent, name); });
    }

  private:
    template <class Verb>
    auto make(const Verb& verb) -> decltype(verb()) {
        if (entries == 0) {
            return std::unexpected(std::errc::no_space_on_device);
        }
        auto made = verb();
        if (made) {
            --entries;
        }
        return made;
    }

    template <class Verb>
    Attempt<> replace(const Directory& parent, const std::string& name, const Verb& verb) {
        const auto former = look(parent, name);
        const auto done = verb();
        if (done && former) {
            ++entries;
            bytes += former->kind == EntryKind::file ? former->size : 0;
        }
        return done;
    }
};

struct ScarceHost : StoreFixture {
    ScarceFileSystem scarce{posix};
    GenerationStore tight{scarce, temporary.string(), clock};
    std::vector<std::string> before;

    explicit ScarceHost(bool is_renewal) {
        if (is_renewal) {
            REQUIRE(install(kept_set(spec, 0)));
        } else {
            REQUIRE(store.prove_writable(spec));
        }
        before = in_home();
    }

    // Whether there is room. Then a set is installed in it.
    bool has_room() {
        const auto proven = tight.prove_writable(spec);
        CHECK(in_home() == before);
        if (!proven) {
            CHECK(proven.error().kind == Failure::cannot_write);
            CHECK_THAT(proven.error().what, Catch::StartsWith(directory().string() + ": "));
            CHECK(proven.error().way_out == "make room, and inodes (df, df -i)");
            return false;
        }
        const NewSet& next = kept_set(spec, 1);
        const auto staged = tight.stage(spec, next.set, provenance());
        REQUIRE(staged);
        REQUIRE(tight.publish(std::span(&*staged, 1)).front());
        CHECK(current() == staged->generation);
        return true;
    }
};

TEST_CASE("where a set's files are too many for the inodes, nothing is asked for",
          "[installation][fault-55]") {
    const bool is_renewal = GENERATE(false, true);
    constexpr std::size_t needed = 7;  // directory, four files, manifest, the link that is swapped
    for (std::size_t entries = 0; entries <= needed; ++entries) {
        INFO(entries << " inodes");
        ScarceHost host(is_renewal);
        host.scarce.entries = entries;
        CHECK(host.has_room() == (entries == needed));
    }
}

TEST_CASE("where a set's files are too large for the blocks, nothing is asked for",
          "[installation][fault-55]") {
    const bool is_renewal = GENERATE(false, true);
    bool has_room = false;
    for (std::size_t pages = 0; !has_room; ++pages) {
        INFO(pages << " pages");
        REQUIRE(pages < 100);
        ScarceHost host(is_renewal);
        host.scarce.bytes = pages * kPage;
        has_room = host.has_room();
        CHECK((has_room || pages < 10));
    }
}

TEST_CASE_METHOD(StoreFixture,
                 "each verb that a set needs is tried before it is asked for",
                 "[installation][fault-55]") {
    const auto [verb, error] = GENERATE(table<const char*, std::errc>({
        {"make_directory", std::errc::read_only_file_system},
        {"make_directory", std::errc::no_space_on_device},
        {"make_link", std::errc::operation_not_permitted},
        {"create_file", std::errc::no_space_on_device},
        {"create_file", std::errc::too_many_files_open},
        {"write", std::errc::no_space_on_device},
        {"write", std::errc::file_too_large},
        {"set_owner", std::errc::operation_not_permitted},
        {"set_mode", std::errc::operation_not_permitted},
    }));
    INFO(verb);
    REQUIRE(store.prove_writable(spec));
    files.refuse(verb, error);
    const auto proven = store.prove_writable(spec);
    REQUIRE_FALSE(proven);
    CHECK(proven.error().what ==
          directory().string() + ": " + std::make_error_code(error).message());
    CHECK(in_home().empty());
}

TEST_CASE_METHOD(StoreFixture,
                 "where the sandbox closes a directory, the way out names it and nothing in it",
                 "[installation]") {
    SECTION("at the first set") {
        fs::create_directories(directory());
    }
    SECTION("where the directory is missing as well") {
        fs::create_directories(directory().parent_path());
    }
    SECTION("at a later set") {
        REQUIRE(store.prove_writable(spec));
    }
    files.refuse("make_directory", std::errc::read_only_file_system);
    const auto proven = store.prove_writable(spec);
    REQUIRE_FALSE(proven);
    CHECK(proven.error().what == directory().string() + ": Read-only file system");
    CHECK_THAT(proven.error().way_out,
               Catch::EndsWith("ReadWritePaths=-" + directory().string() + " (then restart it)"));
}

TEST_CASE_METHOD(StoreFixture, "what a killed probe left is in nobody's way", "[installation]") {
    REQUIRE(store.prove_writable(spec));
    const fs::path left = home() / "probe.new";
    SECTION("with files in it") {
        fs::create_directory(left);
        testing::put_content(left / "etcd-member-key.pem", "\n");
        fs::create_symlink("probe.new", left / "current.new");
    }
    SECTION("by a version that wrote one file") {
        testing::put_content(left, "\n");
    }
    REQUIRE(store.prove_writable(spec));
    CHECK(in_home().empty());
}

}  // namespace
}  // namespace install_cert::installation
