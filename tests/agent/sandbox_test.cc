// SPDX-License-Identifier: Apache-2.0
#include "agent/advice/sandbox.h"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "support/temporary_directory.h"

using namespace install_cert::agent;
using Paths = std::vector<std::string>;

namespace {

void put(const std::filesystem::path& file, const std::string& text) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
}

}  // namespace

TEST_CASE("what the sandbox opens is read as systemd reads it", "[sandbox]") {
    const auto [name, texts, expected] =
        GENERATE(table<std::string, std::vector<std::string>, std::optional<Paths>>({
            {"two paths, one optional",
             {"[Service]\nProtectSystem=strict\nReadWritePaths=-/etc/etcd /srv/tls/\n"},
             Paths{"/etc/etcd", "/srv/tls"}},
            {"a drop-in adds",
             {"ProtectSystem=strict\nReadWritePaths=/a\n", "ReadWritePaths=-+/b"},
             Paths{"/a", "/b"}},
            {"an empty assignment begins anew",
             {"ProtectSystem=strict\nReadWritePaths=/a\n", "ReadWritePaths=\nReadWritePaths=/b\n"},
             Paths{"/b"}},
            {"a comment opens nothing", {"ProtectSystem=strict\n#ReadWritePaths=/a\n"}, Paths{}},
            {"what is no path is passed over",
             {"ProtectSystem=strict\nReadWritePaths=- a\n"},
             Paths{}},
            {"a unit that closes nothing", {"ReadWritePaths=/a\n"}, std::nullopt},
            {"a drop-in that lifts the sandbox",
             {"ProtectSystem=strict\n", "ProtectSystem=full\n"},
             std::nullopt},
        }));
    CAPTURE(name);
    CHECK(writable_directories_of(texts) == expected);
}

TEST_CASE("a directory is open when it or one above it is", "[sandbox]") {
    const Paths opened{"/etc/etcd", "/srv"};
    for (const char* directory : {"/etc/etcd", "/etc/etcd/tls", "/srv/app"}) {
        CAPTURE(directory);
        CHECK(is_within(directory, opened));
    }
    for (const char* directory : {"/etc", "/etc/etcd2", "/", "/opt"}) {
        CAPTURE(directory);
        CHECK_FALSE(is_within(directory, opened));
    }
    CHECK(is_within("/opt", {"/"}));
}

TEST_CASE("the administrator's unit replaces the package's, drop-ins go by name", "[sandbox]") {
    const install_cert::testing::TemporaryDirectory root;
    CHECK_FALSE(writable_directories(root.string()));
    put(root.path() / "usr/lib/systemd/system/install_cert.service",
        "ProtectSystem=strict\nReadWritePaths=/a\n");
    put(root.path() / "usr/lib/systemd/system/install_cert.service.d/10-b.conf",
        "ReadWritePaths=/b\n");
    CHECK(writable_directories(root.string()) == Paths{"/a", "/b"});
    put(root.path() / "etc/systemd/system/install_cert.service.d/10-b.conf", "ReadWritePaths=/c\n");
    put(root.path() / "etc/systemd/system/install_cert.service.d/notes.txt", "ReadWritePaths=/d\n");
    CHECK(writable_directories(root.string()) == Paths{"/a", "/c"});
    put(root.path() / "etc/systemd/system/install_cert.service",
        "ProtectSystem=strict\nReadWritePaths=/e\n");
    CHECK(writable_directories(root.string()) == Paths{"/e", "/c"});
}
