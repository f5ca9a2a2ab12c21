// SPDX-License-Identifier: Apache-2.0
// Commands from end to end on a root of their own, where nobody answers for Vault.
#include "agent/commands/commands.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <functional>

#include <catch2/catch.hpp>

#include "agent/configuration/configuration.h"
#include "agent/record/accepted.h"
#include "agent/record/former.h"
#include "agent/record/lock.h"
#include "agent/record/recorded.h"
#include "agent/supervisor/control.h"
#include "agent/supervisor/turn_report.h"
#include "support/temporary_directory.h"

using namespace install_cert;
using namespace install_cert::agent;
using namespace install_cert::testing;

namespace {

namespace fs = std::filesystem;

struct Host {
    Host() {
        configure("node");
        options.root = directory.string();
    }

    void configure(const std::string& common_name, const std::string& more = "") const {
        const fs::path place = directory.path() / "etc/install-cert";
        fs::create_directories(place);
        put_content(place / "config.yaml",
                    "vault: {address: \"http://127.0.0.1:1\"}\n"
                    "certificates:\n"
                    "  web:\n"
                    "    mount: pki\n"
                    "    role: web\n"
                    "    common_name: " +
                        common_name +
                        "\n"
                        "    directory: /etc/web\n"
                        "    files: {certificate: web.pem, key: web-key.pem}\n" +
                        more);
        fs::permissions(place / "config.yaml", fs::perms{0644});
    }

    [[nodiscard]] Places places() const { return Places(options.root, options.config); }

    // A command makes its process undumpable, which no sanitizer can work in: a child runs it.
    [[nodiscard]] int run(const std::function<int(const Options&)>& command) const {
        const pid_t child = ::fork();
        if (child == 0) {
            const int null = ::open("/dev/null", O_WRONLY);
            (void)::dup2(null, STDOUT_FILENO);
            (void)::dup2(null, STDERR_FILENO);
            ::_exit(command(options));
        }
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    [[nodiscard]] int once() const {
        return run([](const Options& o) { return agent::once(o, Secret()); });
    }

    [[nodiscard]] int renew() const {
        return run([](const Options& o) { return agent::renew(o, Secret()); });
    }

    // What the supervisor would be told.
    [[nodiscard]] supervisor::TurnReport turn(const std::string& cause) {
        std::array<int, 2> ends{};
        REQUIRE(::pipe(ends.data()) == 0);
        const UniqueFd reader(ends[0]);
        UniqueFd writer(ends[1]);
        options.cause = cause;
        const int code = run([&](const Options& o) {
            (void)::dup2(writer.get(), supervisor::kReportDescriptor);
            return agent::turn(o);
        });
        writer = UniqueFd();
        std::string text(supervisor::kReportLimit, '\0');
        const ssize_t size = ::read(reader.get(), text.data(), text.size());
        REQUIRE(size > 0);
        const auto report =
            supervisor::parse_report(text.substr(0, static_cast<std::size_t>(size)));
        REQUIRE(report);
        CHECK(report->exit_code == code);
        return *report;
    }

    [[nodiscard]] std::string accepted_host() const {
        const auto accepted = read_accepted(places().state_directory);
        return accepted ? accepted->host.yaml : "";
    }

    TemporaryDirectory directory;
    Options options;
};

// A daemon that listens and never answers, on a host whose last turn knew one certificate.
struct SilentDaemon : Host {
    SilentDaemon() {
        REQUIRE(make_private_directory(places().runtime_directory));
        REQUIRE(make_private_directory(places().state_directory));
        auto listening = supervisor::listen_at(places().runtime_directory);
        REQUIRE(listening);
        listener = std::move(*listening);
        const auto configuration = load_configuration(places());
        REQUIRE(configuration);
        REQUIRE(write_recorded(places().state_directory, configuration->role));
        REQUIRE(write_accepted(places().state_directory, configuration->texts));
        options.timeout = std::chrono::seconds{0};
    }

    // By the next one that connected to it, who has gone by now.
    [[nodiscard]] bool was_asked() const {
        const UniqueFd client(::accept(listener.get(), nullptr, nullptr));
        char byte = 0;
        return client && ::recv(client.get(), &byte, 1, MSG_DONTWAIT) > 0;
    }

    UniqueFd listener;
};

}  // namespace

TEST_CASE("waiting for the daemon ends with the time-out", "[commands]") {
    SilentDaemon host;
    host.options.wait = GENERATE(true, false);
    CHECK(host.renew() == 75);
    CHECK(host.was_asked());
}

TEST_CASE("a name that the daemon does not know never reaches it", "[commands]") {
    SilentDaemon host;
    host.options.operands = {"web", "wbe"};
    CHECK(host.renew() == 64);
    CHECK_FALSE(host.was_asked());
    host.options.operands = {"web"};
    CHECK(host.renew() == 75);
    CHECK(host.was_asked());
}

TEST_CASE("the daemon is not asked about another configuration than its own", "[commands]") {
    SilentDaemon host;
    const std::string own = host.places().config;
    host.options.config = own + ".other";
    fs::copy_file(own, host.options.config);
    CHECK(host.renew() == 64);
    CHECK_FALSE(host.was_asked());
    host.options.config = host.places().config_directory + "/../install-cert/config.yaml.link";
    fs::create_symlink(own, host.options.config);
    CHECK(host.renew() == 75);
}

TEST_CASE("a daemon goes on with what was configured when everything was renewed by hand",
          "[commands]") {
    Host host;
    CHECK(host.once() == 75);  // no token
    const std::string first = host.accepted_host();
    CHECK_THAT(first, Catch::Contains("common_name: node\n"));
    host.configure("another");
    SECTION("all certificates") {
        CHECK(host.once() == 75);
        CHECK_THAT(host.accepted_host(), Catch::Contains("common_name: another\n"));
    }
    SECTION("one of them") {
        host.options.operands = {"web"};
        CHECK(host.once() == 75);
        CHECK(host.accepted_host() == first);
    }
    SECTION("by another host file") {
        host.options.config = host.places().config_directory + "/other.yaml";
        fs::copy_file(Places(host.options.root, "").config, host.options.config);
        CHECK(host.once() == 75);
        CHECK(host.accepted_host() == first);
    }
    SECTION("on paper") {
        host.options.dry_run = true;
        CHECK(host.once() == 0);
        CHECK(host.accepted_host() == first);
    }
}

TEST_CASE("the timer's turns run what was accepted, and wait for it where it waits",
          "[commands][configuration]") {
    Host host;
    const fs::path names = host.directory.path() / "names";
    put_content(names, "NAME=node\n");
    host.configure("${NAME}", "environment_files: [\"" + names.string() + "\"]\n");
    CHECK(host.once() == 75);  // no token
    host.configure("draft");
    const std::string of_certificate = "web: ";
    CHECK_THAT(host.turn("timer").status, Catch::StartsWith(of_certificate));
    fs::remove(names);
    SECTION("a fact that may come") {
        const supervisor::TurnReport report = host.turn(GENERATE("timer", "renew", "clock"));
        CHECK(report.exit_code == 75);
        CHECK_THAT(report.status, Catch::StartsWith("configuration: "));
    }
    SECTION("nothing is left of it") {
        fs::remove(host.places().state_directory + "/accepted.json");
        CHECK_THAT(host.turn("timer").status, Catch::StartsWith(of_certificate));
    }
    SECTION("it is torn") {
        put_content(host.places().state_directory + "/accepted.json", "{");
        CHECK_THAT(host.turn("timer").status, Catch::StartsWith(of_certificate));
    }
    SECTION("it is broken for good") {
        SourceTexts texts = read_accepted(host.places().state_directory).value();
        texts.host.yaml = "what: an older version took\n";
        REQUIRE(write_accepted(host.places().state_directory, texts));
        CHECK_THAT(host.turn("timer").status, Catch::StartsWith(of_certificate));
    }
}

TEST_CASE("a changed configuration that waits for the host is taken over when it comes",
          "[commands][configuration]") {
    Host host;
    REQUIRE(make_private_directory(host.places().runtime_directory));
    CHECK(host.once() == 75);  // no token
    const std::string first = host.accepted_host();
    const fs::path names = host.directory.path() / "names";
    host.configure("${NAME}", "environment_files: [\"" + names.string() + "\"]\n");
    const std::string waits = "the changed configuration waits for this host; ";
    for (const std::string cause : {"reload", "timer"}) {
        const supervisor::TurnReport report = host.turn(cause);
        CHECK_THAT(report.status, Catch::StartsWith(waits + "web: "));
        CHECK_FALSE(report.again);
        CHECK(report.next_wake <= SystemClock().now() + std::chrono::minutes{1});
        CHECK(host.accepted_host() == first);
    }
    SECTION("it comes") {
        put_content(names, "NAME=node\n");
        CHECK_THAT(host.turn("timer").status, !Catch::Contains(waits));
        const std::string second = host.accepted_host();
        CHECK_THAT(second, Catch::Contains("${NAME}"));
        host.configure("draft");
        (void)host.turn("timer");
        CHECK(host.accepted_host() == second);
    }
    SECTION("it was broken meanwhile") {
        host.configure("node", "what: is this\n");
        CHECK_THAT(host.turn("timer").status, !Catch::Contains(waits));
        host.configure("draft");
        (void)host.turn("timer");
        CHECK(host.accepted_host() == first);
    }
}

TEST_CASE("a former set that cannot be noted stays in the record", "[commands][former]") {
    const Host host;
    const std::string state = host.places().state_directory;
    role::Role before;
    role::CertificateSpec& old = before.certificates.emplace_back();
    old.name = "old";
    old.directory = "/etc/old";
    put_content(host.directory.path() / "etc/old", "it cannot be told that nothing is there");
    REQUIRE(make_private_directory(state));
    REQUIRE(write_recorded(state, before));
    fs::create_directory(state + "/former.json");
    const auto former = [&] {
        const auto configuration = load_configuration(host.places());
        REQUIRE(configuration);
        return former_sets(state, configuration->role).certificates.size();
    };
    CHECK(host.once() == 75);  // no token
    CHECK(former() == 1);
    fs::remove(state + "/former.json");
    CHECK(host.once() == 75);
    CHECK(former() == 1);
    CHECK(read_recorded(state)->certificates.at(0).name == "web");
}

TEST_CASE("a dry removal leaves no trace and waits for nobody", "[commands]") {
    Host host;
    host.options.dry_run = true;
    const auto remove = [](const Options& o) { return agent::remove(o, Secret()); };
    CHECK(host.run(remove) == 0);
    CHECK_FALSE(fs::exists(host.directory.path() / "var"));
    const auto held = TurnLock::take(host.places().state_directory);
    REQUIRE(held);
    CHECK(host.run(remove) == 0);
    host.options.dry_run = false;
    CHECK(host.run(remove) == 75);
}

TEST_CASE("nothing is removed that a daemon would obtain again", "[commands]") {
    SilentDaemon host;
    const auto remove = [](const Options& o) { return agent::remove(o, Secret()); };
    CHECK(host.run(remove) == 75);
    host.options.former = true;
    CHECK(host.run(remove) == 0);
}

TEST_CASE("a state that cannot be read is no good state", "[commands]") {
    Host host;
    const auto status = [](const Options& o) { return agent::status(o); };
    CHECK(host.run(status) == 2);  // nothing is installed
    fs::create_directories(host.places().state_directory + "/state.json");
    CHECK(host.run(status) == 3);
}

TEST_CASE("files are told from what was accepted, text by text", "[configuration]") {
    Host host;
    const Places places = host.places();
    const fs::path role = fs::path(places.config_directory) / "roles/node.yaml";
    fs::create_directories(role.parent_path());
    fs::create_directories(places.shipped_roles);
    fs::create_directories(places.config_directory + "/config.d");
    put_content(places.shipped_roles + "/node.yaml", "renewal: {on_boot: when_due}\n");
    put_content(places.config, content_of(places.config) + "role: node\n");
    CHECK_FALSE(files_are_accepted(places));
    const auto configuration = load_configuration(places);
    REQUIRE(configuration);
    REQUIRE(make_private_directory(places.state_directory));
    REQUIRE(write_accepted(places.state_directory, configuration->texts));
    REQUIRE(files_are_accepted(places));
    SECTION("the host file") {
        put_content(places.config, content_of(places.config) + "# other\n");
    }
    SECTION("a drop-in more") {
        put_content(places.config_directory + "/config.d/10.yaml", "cluster: kluster\n");
    }
    SECTION("another role file") {
        put_content(places.shipped_roles + "/node.yaml", "renewal: {on_boot: always}\n");
    }
    SECTION("a role file that goes before it") {
        fs::copy_file(places.shipped_roles + "/node.yaml", role);
    }
    SECTION("a role file less") {
        fs::remove(places.shipped_roles + "/node.yaml");
    }
    CHECK_FALSE(files_are_accepted(places));
}

TEST_CASE("a command that reads keys leaves no core of them", "[commands]") {
    const auto command = GENERATE(&agent::status, &agent::inspect, &agent::turn);
    const Host host;
    CHECK(host.run([&](const Options& options) {
        (void)command(options);
        return ::prctl(PR_GET_DUMPABLE);
    }) == 0);
}
