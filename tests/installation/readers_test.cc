// SPDX-License-Identifier: Apache-2.0
// Real readers beside a real publisher, on a real disk.
#include <fcntl.h>

#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/installation/store_fixture.h"

namespace install_cert::installation {
namespace {

constexpr int kPublications = 200;

std::string read_all(int directory, const std::string& name) {
    const UniqueFd fd(::openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC));
    std::string content(16'384, '\0');
    const ssize_t size = fd ? ::read(fd.get(), content.data(), content.size()) : 0;
    content.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return content;
}

struct Observed {
    std::size_t looks = 0;
    std::size_t missing = 0;  // or torn
    std::size_t mixed = 0;
};

struct Fixture : StoreFixture {
    std::vector<NewSet> sets;
    std::map<std::string, std::string> key_of;  // certificate -> its key
    std::atomic<bool> done = false;

    void prepare(role::Rekey rekey) {
        std::optional<std::string> pem;
        for (int i = 0; i < 8; ++i) {
            Issue how;
            if (rekey == role::Rekey::never && pem) {
                how.key = *x509::PrivateKey::from_pem(*pem);
            }
            sets.push_back(issue(spec, std::move(how)));
            const View& view = sets.back().view;
            pem = view.at("etcd-member-key.pem");
            key_of[view.at("etcd-member.pem")] = *pem;
        }
        REQUIRE(install(sets.back()));
    }

    void publish_all() {
        for (int i = 0; i < kPublications; ++i) {
            auto staged = stage(sets[static_cast<std::size_t>(i) % sets.size()]);
            REQUIRE(staged);
            auto published = std::move(store.publish(std::span(&*staged, 1)).front());
            REQUIRE(published);
            retired.insert(
                retired.end(), published->superseded.begin(), published->superseded.end());
        }
        done = true;
    }

    std::vector<Superseded> retired;
};

// Opens the directory to which the certificate's link leads, once, and the files in it.
Observed look_within_directory(const Fixture& f) {
    Observed seen;
    do {
        std::error_code error;
        const fs::path resolved = fs::canonical(f.at("etcd-member.pem"), error);
        const UniqueFd directory(
            ::open(resolved.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        const std::string certificate = read_all(directory.get(), "etcd-member.pem");
        const std::string key = read_all(directory.get(), "etcd-member-key.pem");
        const auto expected = f.key_of.find(certificate);
        ++seen.looks;
        seen.missing += expected == f.key_of.end() || key.empty() ? 1U : 0U;
        seen.mixed += expected != f.key_of.end() && expected->second != key ? 1U : 0U;
    } while (!f.done);
    return seen;
}

// Opens two paths one after the other, as most servers do.
Observed look_by_path(const Fixture& f) {
    Observed seen;
    do {
        const std::string certificate = read_all(AT_FDCWD, f.at("etcd-member.pem").string());
        const std::string key = read_all(AT_FDCWD, f.at("etcd-member-key.pem").string());
        const auto expected = f.key_of.find(certificate);
        ++seen.looks;
        seen.missing += expected == f.key_of.end() || key.empty() ? 1U : 0U;
        seen.mixed += expected != f.key_of.end() && expected->second != key ? 1U : 0U;
    } while (!f.done);
    return seen;
}

TEST_CASE_METHOD(Fixture,
                 "a reader of the resolved directory never finds a mixture or a gap",
                 "[installation]") {
    prepare(role::Rekey::always);
    Observed seen;
    std::jthread reader([&] { seen = look_within_directory(*this); });
    publish_all();
    reader.join();
    CHECK(seen.looks > 0);
    CHECK(seen.missing == 0);
    CHECK(seen.mixed == 0);
    store.remove_generations(retired);
    CHECK(in_home().size() == 2);
}

TEST_CASE_METHOD(Fixture,
                 "a reader of two paths never finds a mixture when the key stays",
                 "[installation]") {
    prepare(role::Rekey::never);
    Observed seen;
    std::jthread reader([&] { seen = look_by_path(*this); });
    publish_all();
    reader.join();
    CHECK(seen.looks > 0);
    CHECK(seen.missing == 0);
    CHECK(seen.mixed == 0);
}

TEST_CASE_METHOD(StoreFixture,
                 "publications that fail anywhere leave no descriptor behind",
                 "[installation][fault-73]") {
    const auto count = [] {
        return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator{});
    };
    const auto before = count();
    std::vector<Superseded> retired;
    for (int i = 0; i < 100; ++i) {
        // Some verb fails in each of them.
        files.cut_at(static_cast<std::size_t>(i) + 1,
                     testing::Cut::fails_once,
                     std::errc::too_many_files_open);
        const auto published = install(kept_set(spec, i % 2));
        if (published) {
            store.remove_generations(published->superseded);
        }
    }
    CHECK(count() == before);
}

}  // namespace
}  // namespace install_cert::installation
