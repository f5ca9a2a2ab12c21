// SPDX-License-Identifier: Apache-2.0
#include "agent/record/recorded.h"

#include <catch2/catch.hpp>

#include "agent/record/accepted.h"
#include "host/files.h"
#include "support/temporary_directory.h"

using namespace install_cert;
using namespace install_cert::agent;

namespace {

role::Role one_set() {
    role::CertificateSpec spec;
    spec.name = "web";
    spec.directory = "/etc/certs";
    spec.ownership = {.uid = 65534, .gid = 4294967294};
    spec.files.ca = role::File{.name = "ca.pem", .mode = 0644};
    spec.files.key = role::File{.name = "key.pem", .mode = 0600};
    role::Role role;
    role.certificates.push_back(spec);
    return role;
}

}  // namespace

TEST_CASE("what a turn recorded names the sets, their places, owners and files", "[recorded]") {
    const testing::TemporaryDirectory directory;
    CHECK(read_recorded(directory.string()).error().kind == Failure::not_yet);
    REQUIRE(write_recorded(directory.string(), one_set()));
    const auto role = read_recorded(directory.string());
    REQUIRE(role);
    REQUIRE(role->certificates.size() == 1);
    CHECK(role->certificates[0].name == "web");
    CHECK(role->certificates[0].directory == "/etc/certs");
    CHECK(role->certificates[0].ownership == role::Ownership{.uid = 65534, .gid = 4294967294});
    CHECK(role->certificates[0].files.ca->name == "ca.pem");
    CHECK_FALSE(role->certificates[0].files.certificate);
    CHECK(role->certificates[0].files.key->name == "key.pem");
}

TEST_CASE("what is kept is written only where it would change", "[recorded]") {
    const testing::TemporaryDirectory directory;
    const SourceTexts texts{
        .host = {.file = "config.yaml", .yaml = "role: web\n"}, .drop_ins = {}, .role = {}};
    REQUIRE(write_recorded(directory.string(), one_set()));
    REQUIRE(write_accepted(directory.string(), texts));
    const std::string recorded = host::file_version(directory.string() + "/recorded.json");
    const std::string accepted = host::file_version(directory.string() + "/accepted.json");
    REQUIRE_FALSE(recorded.empty());
    REQUIRE_FALSE(accepted.empty());
    REQUIRE(write_recorded(directory.string(), one_set()));
    REQUIRE(write_accepted(directory.string(), texts));
    CHECK(host::file_version(directory.string() + "/recorded.json") == recorded);
    CHECK(host::file_version(directory.string() + "/accepted.json") == accepted);
    role::Role other = one_set();
    other.certificates[0].directory = "/etc/other";
    REQUIRE(write_recorded(directory.string(), other));
    CHECK(host::file_version(directory.string() + "/recorded.json") != recorded);
}

TEST_CASE("a record without owners is root's", "[recorded]") {
    const auto role = recorded_role(R"([{"name":"web","directory":"/etc"}])");
    REQUIRE(role);
    CHECK(role->certificates[0].ownership == role::Ownership{});
}

TEST_CASE("a record that is not ours names nothing", "[recorded]") {
    const std::string json = GENERATE("",
                                      "{}",
                                      "[]",
                                      "[7]",
                                      R"([{"name":"web"}])",
                                      R"([{"name":"web","directory":"etc"}])",
                                      R"([{"name":7,"directory":"/etc"}])",
                                      R"([{"name":"../web","directory":"/etc"}])",
                                      R"([{"name":"web","directory":"/etc/../root"}])",
                                      R"([{"name":"web","directory":"/etc","uid":"0"}])",
                                      R"([{"name":"web","directory":"/etc","uid":-1}])",
                                      R"([{"name":"web","directory":"/etc","uid":1.5}])",
                                      R"([{"name":"web","directory":"/etc","uid":null}])",
                                      R"([{"name":"web","directory":"/etc","uid":4294967295}])",
                                      R"([{"name":"web","directory":"/etc","gid":4294967295}])",
                                      R"([{"name":"web","directory":"/etc","gid":4294967296}])",
                                      R"([{"name":"web","directory":"/etc","key":"../key"}])",
                                      R"([{"name":"web","directory":"/etc","key":"a\u0000b"}])");
    CAPTURE(json);
    CHECK_FALSE(recorded_role(json));
    CHECK_FALSE(recorded_role(std::string(100'000, '[')));
}
