// SPDX-License-Identifier: Apache-2.0
// What ${NAME} stands for, and what of the host is asked for it.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config_fixture.h"
#include "role/environment_file.h"
#include "role/load.h"

namespace install_cert::role {
namespace {

std::string common_name(const std::string& written,
                        FakeHost host = {},
                        const std::string& more = {}) {
    const auto yaml = certificate_with("    common_name: \"" + written + "\"\n") + more;
    return load_good({.host = yaml}, std::move(host)).certificates.front().names.common_name;
}

std::vector<Failure> kinds(const std::string& yaml, FakeHost host = {}) {
    const auto role = Configuration{.host = yaml}.load(host);
    REQUIRE_FALSE(role.has_value());
    std::vector<Failure> kinds;
    for (const auto& diagnostic : role.error()) {
        kinds.push_back(diagnostic.kind);
    }
    return kinds;
}

}  // namespace

TEST_CASE("each variable stands for what the contract says", "[role]") {
    const auto [written, meant] = GENERATE(table<std::string, std::string>({
        {"${hostname}", "node7"},
        {"${fqdn}", "node7.example.com"},
        {"${ip}", "10.0.0.7"},
        {"${ip:eth0}", "192.0.2.7"},
        {"kube-${ip_dashed}.local", "kube-10-0-0-7.local"},
        {"${machine_id}", "0123456789abcdef0123456789abcdef"},
        {"${env:REGION}", "eu"},
        {"${cluster}", "kluster"},
        {"${own}", "mine"},
        {"${deep}", "x-mine-kluster-node7"},
        {"${FROM_FILE}", "file"},
        {"a${own}b${own}c", "aminebminec"},
        {"$own", "$own"},
        {"${hostname}$", "node7$"},
        {"$${own}", "${own}"},
        {"$$${own}", "$${own}"},
        {"$$own", "$$own"},
    }));
    CAPTURE(written);
    FakeHost host;
    host.files["/etc/environment"] = "FROM_FILE=file\nown=theirs\nhostname=theirs\n";
    CHECK(common_name(written,
                      host,
                      "cluster: kluster\nenvironment_files: [/etc/environment]\n"
                      "variables: {own: mine, deep: \"x-${middle}-${hostname}\", middle: "
                      "\"${own}-${cluster}\"}\n") == meant);
}

TEST_CASE("an IPv6 address becomes a label that may stand in a name", "[role]") {
    const auto [address, label] = GENERATE(table<std::string, std::string>({
        {"fd00::7", "fd00--7"},
        {"::1", "0--1"},
        {"fd00::", "fd00--0"},
    }));
    FakeHost host;
    host.facts["ip"] = address;
    CHECK(common_name("k.${ip_dashed}.local", host) == "k." + label + ".local");
}

TEST_CASE("a later environment file wins over an earlier one, and ours over both", "[role]") {
    FakeHost host;
    host.files = {{"/a", "X=a\nY=a\nZ=a\n"}, {"/b", "Y=b\nZ=b\n"}};
    CHECK(common_name("${X}${Y}${Z}",
                      host,
                      "environment_files: [/a, -/b, -/c]\nvariables: {Z: z}\n") == "abz");
}

TEST_CASE("the host is asked once for a fact, and only for facts that are used", "[role]") {
    FakeHost host;
    const Configuration configuration{
        .host = certificate_with(
            "    alt_names: [\"a${hostname}\", \"b${hostname}\", \"${ip}.local\"]\n")};
    REQUIRE(configuration.load(host).has_value());
    CHECK(host.asked ==
          std::vector<std::string>{"hostname@vault.example.com", "ip@vault.example.com"});
}

TEST_CASE("keys are never expanded", "[role]") {
    CHECK(complaints({.host = host_file_with("  \"${hostname}\": {}\n")})
              .front()
              .contains("'${hostname}' is no name for a certificate"));
}

TEST_CASE("what a booting host may not have yet is told apart from what is wrong",
          "[role][fault-63]") {
    FakeHost bare;
    bare.facts.clear();
    const auto [what, lines, kind] = GENERATE(table<std::string, std::string, Failure>({
        {"an address", "    common_name: \"${ip}\"\n", Failure::not_yet},
        {"a dashed address", "    common_name: \"${ip_dashed}\"\n", Failure::not_yet},
        {"a name", "    common_name: \"${fqdn}\"\n", Failure::not_yet},
        {"an interface", "    common_name: \"${ip:eth0}\"\n", Failure::not_yet},
        {"a user", "    owner: ldapuser\n", Failure::not_yet},
        {"a group", "    group: ldapuser\n", Failure::not_yet},
        {"an undefined variable", "    common_name: \"${nope}\"\n", Failure::config},
        {"an unset environment variable", "    common_name: \"${env:NOPE}\"\n", Failure::config},
        {"a bad ttl", "    ttl: 0\n", Failure::config},
    }));
    CAPTURE(what);
    CHECK(kinds(certificate_with(lines), bare) == std::vector{kind});
}

TEST_CASE("an absent environment file, and what only it may define, is not there yet", "[role]") {
    const auto use = certificate_with("    common_name: \"${FROM_FILE}\"\n");
    CHECK(kinds(use + "environment_files: [/etc/environment]\n") ==
          std::vector{Failure::not_yet, Failure::not_yet});
    CHECK(kinds(use + "environment_files: [-/etc/environment]\n") == std::vector{Failure::not_yet});
    FakeHost host;
    host.files["/etc/environment"] = "OTHER=1\n";
    CHECK(kinds(use + "environment_files: [-/etc/environment]\n", host) ==
          std::vector{Failure::config});
}

TEST_CASE("an environment file is read as systemd reads it", "[role]") {
    const auto [line, value] = GENERATE(table<std::string, std::string>({
        {"K=v", "v"},
        {"  K=v  ", "v"},
        {"export K=v", "v"},
        {"K=\"a b\"", "a b"},
        {"K='a \\b'", "a \\b"},
        {"K=\"a \\\"b\\\"\"", "a \"b\""},
        {"K=a=b", "a=b"},
        {"K=", ""},
        {"K=v\r", "v"},
        {"K=old\nK=v", "v"},
        {"# K=no\nK=v\n; K=no", "v"},
        {"no assignment\n=x\n1K=x\nK K=x\nK=v", "v"},
    }));
    CAPTURE(line);
    Environment environment;
    read_environment(line, environment);
    CHECK(environment == Environment{{"K", value}});
}

}  // namespace install_cert::role
