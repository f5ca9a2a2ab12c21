// SPDX-License-Identifier: Apache-2.0
// The role files and the example that are shipped: each loads, and promises the files it should.
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "config_fixture.h"
#include "role/load.h"
#include "role/schema.h"

namespace install_cert::role {
namespace {

std::string content_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

const std::filesystem::path kConfig = std::filesystem::path(SOURCE_DIR) / "config";

Role shipped(const std::string& name) {
    const auto yaml = content_of(kConfig / "roles" / (name + ".yaml"));
    REQUIRE_FALSE(yaml.empty());
    return load_good({.host = "role: " + name +
                              "\ncluster: kluster\nvault: {address: https://vault.example.com}\n",
                      .roles = {{name, yaml}}});
}

std::set<std::string> files_of(const Role& role) {
    std::set<std::string> paths;
    for (const auto& spec : role.certificates) {
        for (const auto& file :
             {spec.files.ca, spec.files.certificate, spec.files.key, spec.files.response}) {
            if (file) {
                paths.insert(spec.directory + "/" + file->name);
            }
        }
    }
    return paths;
}

void check_shows_all_keys(const Schema& schema, const std::string& text) {
    for (const auto& key : schema.keys) {
        INFO("key " << key.name);
        CHECK(text.contains(std::string(key.name)));
        if (key.inner != nullptr) {
            check_shows_all_keys(*key.inner, text);
        }
    }
}

}  // namespace

TEST_CASE("the three main roles install exactly the files that their hosts expect", "[role]") {
    const std::string etcd = "/etc/etcd/certs/";
    const std::string worker = "/var/lib/kubernetes/";
    const std::set<std::string> member{
        etcd + "etcd-member-ca.pem", etcd + "etcd-member.pem", etcd + "etcd-member-key.pem"};
    auto of_etcd = member;
    of_etcd.insert(etcd + "kube-bundle.certs");
    auto of_controller = member;
    of_controller.insert({etcd + "kube-apiserver-ca.pem",
                          etcd + "kube-apiserver.pem",
                          etcd + "kube-apiserver-key.pem"});
    CHECK(files_of(shipped("etcd")) == of_etcd);
    CHECK(files_of(shipped("controller")) == of_controller);
    CHECK(files_of(shipped("worker")) == std::set<std::string>{worker + "kube-apiserver-ca.pem",
                                                               worker + "kube-apiserver.pem",
                                                               worker + "kube-apiserver-key.pem"});
}

TEST_CASE("the three main roles call the mounts and PKI roles of their hosts, as root", "[role]") {
    const auto [name, calls] = GENERATE(table<std::string, std::set<std::string>>({
        {"etcd", {"kluster/pki/etcd-member/issue/etcd-member"}},
        {"controller",
         {"kluster/pki/etcd-member/issue/etcd-member",
          "kluster/pki/kube-apiserver/issue/kube-apiserver"}},
        {"worker", {"kluster/pki/kube-apiserver/issue/kube-apiserver"}},
    }));
    CAPTURE(name);
    std::set<std::string> called;
    for (const auto& spec : shipped(name).certificates) {
        CHECK(spec.method == Method::issue);
        CHECK(spec.name == spec.pki_role);
        CHECK(spec.ownership == Ownership{});
        CHECK(spec.names.common_name == "kube-10-0-0-7.cluster.local");
        CHECK(spec.names.ip.front() == "10.0.0.7");
        called.insert(spec.mount + "/issue/" + spec.pki_role);
    }
    CHECK(called == calls);
}

TEST_CASE("every shipped role loads with nothing but a cluster and the host's facts", "[role]") {
    int roles = 0;
    for (const auto& entry : std::filesystem::directory_iterator(kConfig / "roles")) {
        const auto name = entry.path().stem().string();
        CAPTURE(name);
        CHECK_FALSE(shipped(name).certificates.empty());
        CHECK(shipped(name).warnings.empty());
        ++roles;
    }
    CHECK(roles >= 8);
}

TEST_CASE("the example loads as it stands, and shows every key that there is", "[role]") {
    const auto yaml = content_of(kConfig / "config.yaml.example");
    const auto etcd = content_of(kConfig / "roles" / "etcd.yaml");
    const auto role = load_good({.host = yaml, .roles = {{"etcd", etcd}}});
    CHECK(role.certificates.size() == 1);
    CHECK(role.certificates.front().consumers.size() == 2);
    CHECK(role.warnings.empty());
    check_shows_all_keys(host_schema(), yaml);
}

}  // namespace install_cert::role
