// SPDX-License-Identifier: Apache-2.0
// Who is owed a reload, as tables.
#include "consumers/debts.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "role/role.h"

namespace install_cert::consumers {

namespace {

using role::CommandConsumer;
using role::Consumer;
using role::UnitAction;
using role::UnitConsumer;
using role::When;

Consumer unit(std::string name, UnitAction action, When when = When::certificate_change) {
    return {.what = UnitConsumer{.unit = std::move(name), .action = action}, .when = when};
}

Consumer command(std::vector<std::string> argv) {
    return {.what = CommandConsumer{.argv = std::move(argv)}};
}

role::CertificateSpec certificate(std::string name, std::vector<Consumer> consumers) {
    role::CertificateSpec spec;
    spec.name = std::move(name);
    spec.consumers = std::move(consumers);
    return spec;
}

std::vector<std::string> shown(const std::vector<Debt>& owed) {
    std::vector<std::string> lines;
    for (const Debt& debt : owed) {
        std::string line = acknowledgement_key(debt.consumer) + " for";
        for (const std::string& name : debt.certificates) {
            line += ' ' + name;
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

}  // namespace

TEST_CASE("a change is owed to who waits for that kind of change", "[consumers]") {
    struct Row {
        std::string what;
        When when;
        std::string generation;
        std::string trust;
        bool owed;
    };

    const auto row = GENERATE(values<Row>({
        {"nothing changed", When::certificate_change, "g1", "t1", false},
        {"a new leaf", When::certificate_change, "g2", "t1", true},
        {"a new CA comes in a new generation", When::certificate_change, "g2", "t2", true},
        {"nothing changed, CA awaited", When::ca_change, "g1", "t1", false},
        {"a new leaf, CA awaited", When::ca_change, "g2", "t1", false},
        {"a new CA, CA awaited", When::ca_change, "g2", "t2", true},
    }));
    CAPTURE(row.what);
    const auto spec =
        certificate("etcd-member", {unit("etcd.service", UnitAction::restart, row.when)});
    Acknowledged known;
    const std::vector<Installed> before{{&spec, "g1", "t1"}};
    acknowledge(known, debts(before, known).at(0), before);

    const std::vector<Installed> after{{&spec, row.generation, row.trust}};

    CHECK(debts(after, known).empty() != row.owed);
}

TEST_CASE("who never acknowledged anything is owed, even where there is no CA file",
          "[consumers]") {
    const auto spec = certificate("web",
                                  {unit("nginx.service", UnitAction::reload),
                                   unit("etcd.service", UnitAction::restart, When::ca_change)});
    const std::vector<Installed> installed{{&spec, "g1", ""}};
    Acknowledged known;

    const auto owed = debts(installed, known);

    CHECK(shown(owed) == std::vector<std::string>{"unit nginx.service for web",
                                                  "unit etcd.service on ca_change for web"});
    acknowledge(known, owed.at(1), installed);
    CHECK(shown(debts(installed, known)) == std::vector<std::string>{"unit nginx.service for web"});
}

TEST_CASE("a consumer of several certificates is reloaded once", "[consumers][fault-82]") {
    const auto a = certificate("a", {unit("api.service", UnitAction::reload)});
    const auto b = certificate("b", {unit("api.service", UnitAction::reload)});
    const auto c = certificate("c", {unit("api.service", UnitAction::reload)});
    const std::vector<Installed> before{{&a, "a1", ""}, {&b, "b1", ""}, {&c, "c1", ""}};
    Acknowledged known;
    acknowledge(known, debts(before, known).at(0), before);
    REQUIRE(debts(before, known).empty());

    const std::vector<Installed> after{{&a, "a2", ""}, {&b, "b1", ""}, {&c, "c2", ""}};

    CHECK(shown(debts(after, known)) == std::vector<std::string>{"unit api.service for a c"});
}

TEST_CASE("the action that reaches further and the longer timeout win", "[consumers]") {
    const auto [what, first, second, expected] =
        GENERATE(table<std::string, UnitAction, UnitAction, UnitAction>({
            {"restart after reload", UnitAction::reload, UnitAction::restart, UnitAction::restart},
            {"restart before reload", UnitAction::restart, UnitAction::reload, UnitAction::restart},
            {"reload-or-restart over reload",
             UnitAction::reload,
             UnitAction::reload_or_restart,
             UnitAction::reload_or_restart},
            {"restart over reload-or-restart",
             UnitAction::restart,
             UnitAction::reload_or_restart,
             UnitAction::restart},
        }));
    CAPTURE(what);
    auto patient = unit("api.service", first);
    patient.timeout = std::chrono::seconds{90};
    const auto a = certificate("a", {patient});
    const auto b = certificate("b", {unit("api.service", second)});
    const std::vector<Installed> installed{{&a, "a1", ""}, {&b, "b1", ""}};

    const auto owed = debts(installed, {});

    REQUIRE(owed.size() == 1);
    CHECK(std::get<UnitConsumer>(owed[0].consumer.what).action == expected);
    CHECK(owed[0].consumer.timeout == std::chrono::seconds{90});
}

TEST_CASE("a unit reloaded for a leaf and restarted for a CA is restarted only for a CA",
          "[consumers]") {
    const auto spec = certificate("etcd-member",
                                  {unit("etcd.service", UnitAction::reload),
                                   unit("etcd.service", UnitAction::restart, When::ca_change)});
    const std::vector<Installed> first{{&spec, "g1", "t1"}};
    Acknowledged known;
    acknowledge(known, debts(first, known).at(0), first);
    REQUIRE(debts(first, known).empty());

    const std::vector<Installed> new_leaf{{&spec, "g2", "t1"}};
    const auto for_leaf = debts(new_leaf, known);
    REQUIRE(for_leaf.size() == 1);
    CHECK(std::get<UnitConsumer>(for_leaf[0].consumer.what).action == UnitAction::reload);
    CHECK(for_leaf[0].certificates == std::vector<std::string>{"etcd-member"});

    const std::vector<Installed> new_ca{{&spec, "g2", "t2"}};
    const auto for_ca = debts(new_ca, known);
    REQUIRE(for_ca.size() == 1);
    CHECK(std::get<UnitConsumer>(for_ca[0].consumer.what).action == UnitAction::restart);
    CHECK(for_ca[0].consumer.when == When::ca_change);
    acknowledge(known, for_ca[0], new_ca);
    CHECK(debts(new_ca, known).empty());
}

TEST_CASE("of two occasions for the same action the one that waits for no slot holds",
          "[consumers]") {
    const auto spec = certificate("web",
                                  {unit("web.service", UnitAction::restart, When::ca_change),
                                   unit("web.service", UnitAction::restart)});
    const std::vector<Installed> installed{{&spec, "g1", "t1"}};

    const auto owed = debts(installed, {});

    REQUIRE(owed.size() == 1);
    CHECK(owed[0].consumer.when == When::certificate_change);
}

TEST_CASE("what is published while a reload runs stays owed", "[consumers]") {
    const auto spec = certificate("web", {unit("nginx.service", UnitAction::reload)});
    const std::vector<Installed> when_asked{{&spec, "g1", ""}};
    Acknowledged known;
    const auto owed = debts(when_asked, known);

    acknowledge(known, owed.at(0), when_asked);

    const std::vector<Installed> meanwhile{{&spec, "g2", ""}};
    CHECK(debts(meanwhile, known).size() == 1);
}

TEST_CASE("paying for one certificate does not pay for another", "[consumers]") {
    const auto a = certificate("a", {unit("api.service", UnitAction::reload)});
    const auto b = certificate("b", {unit("api.service", UnitAction::reload)});
    const std::vector<Installed> only_a{{&a, "a1", ""}};
    Acknowledged known;
    acknowledge(known, debts(only_a, known).at(0), only_a);

    const std::vector<Installed> both{{&a, "a1", ""}, {&b, "b1", ""}};

    CHECK(shown(debts(both, known)) == std::vector<std::string>{"unit api.service for b"});
}

TEST_CASE("commands are told apart by every argument", "[consumers]") {
    const auto spec = certificate("web",
                                  {command({"/bin/hook", "a", "b"}),
                                   command({"/bin/hook", "a b"}),
                                   command({"/bin/hook", ""}),
                                   command({"/bin/hook", "a\"b\\"}),
                                   command({"/bin/hook", "a", "b"})});
    const std::vector<Installed> installed{{&spec, "g1", ""}};

    CHECK(shown(debts(installed, {})) ==
          std::vector<std::string>{"command /bin/hook a b for web",
                                   "command /bin/hook \"a b\" for web",
                                   "command /bin/hook \"\" for web",
                                   "command /bin/hook \"a\\\"b\\\\\" for web"});
}

}  // namespace install_cert::consumers
