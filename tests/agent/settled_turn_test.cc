// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/settled_turn.h"

#include <catch2/catch.hpp>

#include "turn_host.h"

using namespace install_cert;
using namespace install_cert::agent;
using namespace install_cert::testing;
using namespace std::chrono_literals;

TEST_CASE("a Retry-After beyond the turn's end keeps no other certificate from another try",
          "[turn]") {
    Host host({"web", "db"});
    host.issuer.fail("web",
                     {.kind = Failure::not_yet, .what = "429", .way_out = {}, .retry_after = 300s});
    host.issuer.fail("db",
                     {.kind = Failure::not_yet, .what = "429", .way_out = {}, .retry_after = 2s});
    TurnPorts ports = host.ports();
    ports.sleep_until = [&](WallTime time) {
        host.issuer.clear_failures();
        host.clock.advance(time - host.clock.now());
    };
    const TurnReport report = run_until_settled(
        host.role,
        host.request(renewal::Wish::what_is_due, TurnRequest::Patience::tries_at_once),
        ports,
        host.state);
    CHECK(report.certificates[0].kind == OutcomeKind::failed);
    CHECK(report.certificates[1].kind == OutcomeKind::installed);
    CHECK(host.issuer.requests() == 3);
    CHECK(host.clock.now() < report.certificates[0].next);
}
