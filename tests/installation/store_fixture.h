// SPDX-License-Identifier: Apache-2.0
// A host's directory tree with a store on it, and sets to install there.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "installation/generation_store.h"
#include "installation/posix_file_system.h"
#include "issuance/verify.h"
#include "tests/support/cut_file_system.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_authority.h"
#include "x509/request.h"

namespace install_cert::installation {

namespace fs = std::filesystem;

// What lies at the configured names: name -> content.
using View = std::map<std::string, std::string>;

struct NewSet {
    issuance::VerifiedSet set;
    View view;  // what readers find when it is published
};

inline const testing::TestAuthority& authority() {
    static const auto kept = testing::TestAuthority::root("Root");
    return kept;
}

inline const testing::TestAuthority& later_authority() {
    static const auto kept =
        testing::TestAuthority::root("Later Root", {.which = 1, .serial = "11"});
    return kept;
}

inline const testing::TestAuthority& intermediate() {
    static const auto kept = authority().intermediate("Intermediate", {.which = 2, .serial = "12"});
    return kept;
}

inline role::CertificateSpec spec_of(const std::string& name) {
    role::CertificateSpec spec;
    spec.name = name;
    spec.mount = "kluster/pki/" + name;
    spec.pki_role = name;
    spec.method = role::Method::sign;
    spec.names.common_name = "node";
    spec.directory = "/etc/etcd/certs";
    spec.ownership = {.uid = ::geteuid(), .gid = ::getegid()};
    spec.files = {.ca = role::File{.name = name + "-ca.pem", .mode = 0644},
                  .certificate = role::File{.name = name + ".pem", .mode = 0644},
                  .key = role::File{.name = name + "-key.pem", .mode = 0600},
                  .response = role::File{.name = name + ".json", .mode = 0600}};
    return spec;
}

struct Issue {
    std::optional<x509::PrivateKey> key{};
    std::vector<const testing::TestAuthority*> trust{&authority()};
};

inline NewSet issue(const role::CertificateSpec& spec, Issue how = {}) {
    static int count = 0;
    testing::Plan plan = testing::plan_for(spec.names);
    ++count;
    plan.serial =
        "3f:" + std::to_string(10 + count % 90) + ":" + std::to_string(10 + count / 90 % 90);
    auto key = how.key ? std::move(*how.key)
                       : *x509::PrivateKey::generate({.type = x509::KeyType::ec, .bits = 256});
    const std::string request = *x509::make_request(key, spec.names);
    issuance::IssuedMaterial material{
        .leaf = testing::parsed(intermediate().sign(plan, request)),
        .authorities = {},
        .key = std::move(key),
        .response = Secret("{\"answer\": " + std::to_string(count) + "}"),
        .warnings = {}};
    material.authorities.push_back(intermediate().certificate());
    material.authorities.push_back(authority().certificate());
    issuance::VerificationContext context{.spec = spec, .now = testing::kNow, .trust = {}};
    for (const testing::TestAuthority* one : how.trust) {
        context.trust.push_back({.certificate = one->certificate(), .last_seen = testing::kNow});
    }
    auto set = issuance::verify(std::move(material), std::move(context));
    if (!set) {
        throw std::runtime_error(set.error().what);
    }
    View view;
    const auto add = [&](const std::optional<role::File>& file, const std::string& content) {
        if (file) {
            view[file->name] = content;
        }
    };
    std::string ca;
    for (const auto& one : set->trust()) {
        ca += one.certificate.pem();
    }
    add(spec.files.ca, ca);
    add(spec.files.certificate, set->leaf().pem() + x509::to_pem(set->intermediates()));
    add(spec.files.key, std::string(set->key().to_pem()->reveal()));
    add(spec.files.response, std::string(set->response().reveal()));
    return NewSet{.set = std::move(*set), .view = std::move(view)};
}

// The same for the same names and number, for loops that need sets but not new ones.
inline const NewSet& kept_set(const role::CertificateSpec& spec, int which) {
    static std::map<std::string, NewSet> kept;
    const std::string key = spec.name + " " + (spec.files.key ? spec.files.key->name : "") + " " +
                            std::to_string(which);
    auto found = kept.find(key);
    if (found == kept.end()) {
        found = kept.emplace(key, issue(spec)).first;
    }
    return found->second;
}

struct StoreFixture {
    testing::TemporaryDirectory temporary;
    PosixFileSystem posix;
    testing::CutFileSystem files{posix};
    testing::ManualClock clock;
    GenerationStore store{files, temporary.string(), clock};
    role::CertificateSpec spec = spec_of("etcd-member");

    [[nodiscard]] fs::path directory() const { return temporary.string() + spec.directory; }

    [[nodiscard]] fs::path at(const std::string& name) const { return directory() / name; }

    [[nodiscard]] fs::path home() const { return at("." + spec.name); }

    [[nodiscard]] std::string current() const {
        return fs::is_symlink(home() / "current") ? fs::read_symlink(home() / "current").string()
                                                  : "";
    }

    [[nodiscard]] static Provenance provenance() {
        return {.request_digest = "d1", .received = testing::kNow, .boot_id = "b1"};
    }

    Result<Staged> stage(const NewSet& fresh) { return store.stage(spec, fresh.set, provenance()); }

    Result<Published> install(const NewSet& fresh) {
        if (auto proven = store.prove_writable(spec); !proven) {
            return std::unexpected(std::move(proven.error()));
        }
        auto staged = stage(fresh);
        if (!staged) {
            return std::unexpected(std::move(staged.error()));
        }
        return std::move(store.publish(std::span(&*staged, 1)).front());
    }

    // As a reader finds it who opens the directory to which the certificate's link leads, or else
    // (nothing of ours yet) the configured names one by one.
    [[nodiscard]] View visible() const {
        View view;
        for (const std::string& path : store.paths(spec)) {
            if (fs::exists(path)) {
                view[fs::path(path).filename()] = testing::content_of(path);
            }
        }
        return view;
    }

    InstalledSet installed() {
        auto read = store.read(spec);
        if (!read) {
            throw std::runtime_error(read.error().what);
        }
        if (!*read) {
            throw std::runtime_error("nothing is installed");
        }
        return std::move(**read);
    }

    void set_clock_after_swap(std::chrono::seconds passed) {
        struct stat link{};
        REQUIRE(::lstat((home() / "current").c_str(), &link) == 0);
        clock.set_wall(WallTime{std::chrono::seconds{link.st_mtim.tv_sec}} + passed);
    }

    [[nodiscard]] std::vector<std::string> in_home() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(home())) {
            names.push_back(entry.path().filename());
        }
        std::ranges::sort(names);
        return names;
    }
};

inline mode_t mode_of(const fs::path& path) {
    struct stat status{};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    return status.st_mode & 07777U;
}

}  // namespace install_cert::installation
