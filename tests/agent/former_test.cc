// SPDX-License-Identifier: Apache-2.0
#include "agent/record/former.h"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "agent/record/recorded.h"
#include "foundation/clock.h"
#include "host/files.h"
#include "installation/posix_file_system.h"
#include "support/temporary_directory.h"

using namespace install_cert;
using namespace install_cert::agent;

namespace {

role::Role role_of(const std::vector<std::pair<std::string, std::string>>& sets) {
    role::Role role;
    for (const auto& [name, directory] : sets) {
        role::CertificateSpec spec;
        spec.name = name;
        spec.directory = directory;
        spec.files.certificate = role::File{.name = name + ".pem", .mode = 0644};
        role.certificates.push_back(spec);
    }
    return role;
}

std::vector<std::string> names(const role::Role& role) {
    std::vector<std::string> found;
    for (const role::CertificateSpec& spec : role.certificates) {
        found.push_back(spec.name + " " + spec.directory);
    }
    return found;
}

// A state directory, and a root without any set but those that are in its way.
struct Host {
    // A file where a set's directory should be: it cannot be told that nothing is there.
    void hide(const std::string& directory) const { std::ofstream(root.string() + directory); }

    [[nodiscard]] std::vector<std::string> note(const role::Role& role) {
        const auto noted = note_former(state.string(), role, store);
        REQUIRE(noted);
        REQUIRE(write_recorded(state.string(), role));
        return *noted;
    }

    testing::TemporaryDirectory state;
    testing::TemporaryDirectory root;
    SystemClock clock;
    installation::PosixFileSystem files;
    installation::GenerationStore store{files, root.string(), clock};
};

}  // namespace

TEST_CASE("sets that left the configuration are told of once and remembered",
          "[former][fault-11]") {
    Host host;
    host.hide("/a");
    CHECK(host.note(role_of({{"etcd", "/a"}, {"web", "/b"}})).empty());
    const auto news = host.note(role_of({{"web", "/b"}}));
    REQUIRE(news.size() == 1);
    CHECK(news[0].starts_with("etcd in /a is no longer in the configuration"));
    CHECK(host.note(role_of({{"web", "/b"}})).empty());
    CHECK(names(former_sets(host.state.string(), role_of({{"web", "/b"}}))) ==
          std::vector<std::string>{"etcd /a"});
}

TEST_CASE("a set is the same one by name and directory", "[former]") {
    Host host;
    host.hide("/a");
    CHECK(host.note(role_of({{"etcd", "/a"}})).empty());
    CHECK(host.note(role_of({{"etcd", "/c"}})).size() == 1);
    CHECK(host.note(role_of({{"etcd", "/a"}})).empty());
    CHECK(former_sets(host.state.string(), role_of({{"etcd", "/a"}})).certificates.empty());
}

TEST_CASE("a former set of which nothing is left is forgotten", "[former]") {
    Host host;
    CHECK(host.note(role_of({{"etcd", "/a"}, {"web", "/b"}})).empty());
    CHECK(host.note(role_of({{"web", "/b"}})).empty());
    CHECK(former_sets(host.state.string(), role_of({{"web", "/b"}})).certificates.empty());
}

TEST_CASE("files that this program did not write name no former set", "[former]") {
    Host host;
    const std::string json = GENERATE("", "{}", "[7]", R"([{"name":"../a","directory":"/etc"}])");
    CAPTURE(json);
    std::ofstream(host.state.string() + "/former.json") << json;
    CHECK(former_sets(host.state.string(), role_of({})).certificates.empty());
    CHECK(host.note(role_of({{"web", "/b"}})).empty());
}

TEST_CASE("a state directory that cannot be written is said", "[former]") {
    Host host;
    host.hide("/a");
    CHECK(host.note(role_of({{"etcd", "/a"}})).empty());
    REQUIRE(std::filesystem::create_directory(host.state.string() + "/former.json"));
    CHECK_FALSE(note_former(host.state.string(), role_of({{"web", "/b"}}), host.store));
}
