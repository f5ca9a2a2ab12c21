// SPDX-License-Identifier: Apache-2.0
// A host of known facts and a configuration in memory, for the tests of this module.
#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/result.h"
#include "role/load.h"

namespace install_cert::role {

// What the fake host knows; everything else is not there.
struct FakeHost {
    std::map<std::string, std::string> facts{{"hostname", "node7"},
                                             {"fqdn", "node7.example.com"},
                                             {"machine_id", "0123456789abcdef0123456789abcdef"},
                                             {"ip", "10.0.0.7"},
                                             {"ip:eth0", "192.0.2.7"},
                                             {"env:REGION", "eu"}};
    std::map<std::string, std::string> files{};
    std::map<std::string, unsigned> users{{"root", 0}, {"etcd", 111}};
    std::map<std::string, unsigned> groups{{"root", 0}, {"etcd", 112}};
    std::map<std::string, std::string, std::less<>> environment{};
    std::vector<std::string> asked{};  // facts, each with the host of Vault it was asked for

    [[nodiscard]] HostLookup lookup();
};

struct Configuration {
    std::string host;
    std::map<std::string, std::string> roles{};
    std::vector<Text> drop_ins{};

    [[nodiscard]] std::expected<Role, std::vector<Diagnostic>> load(FakeHost& on) const;
};

// Loads `yaml` as host file on a FakeHost; the Role, or a failed assertion that tells why not.
[[nodiscard]] Role load_good(const Configuration& configuration, FakeHost host = {});

// The messages for `yaml` as host file, in order; empty when it is sound.
[[nodiscard]] std::vector<std::string> complaints(const Configuration& configuration,
                                                  FakeHost host = {});

// A sound host file with one certificate, `web`, whose keys from line 5 on are `lines`, each
// indented already by 4; what is left out of the required ones is added after them.
[[nodiscard]] std::string certificate_with(std::string_view lines);

// A sound certificate's host file with more `lines` at its end.
[[nodiscard]] std::string host_file_with(std::string_view lines);

// A sound certificate, for a host file that says where Vault is in its first line.
inline const std::string kWeb =
    "certificates:\n"
    "  web: {mount: a, role: b, common_name: c, directory: /d, files: {ca: e}}\n";

// A row of a table: one mistake in an otherwise sound host file, and all that is said of it.
struct Mistake {
    std::string what;
    std::string yaml;
    std::vector<std::string> said;
};

void check_all(const std::vector<Mistake>& mistakes);

}  // namespace install_cert::role
