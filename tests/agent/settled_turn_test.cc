// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/settled_turn.h"

#include <catch2/catch.hpp>

#include "turn_host.h"

using namespace install_cert;
using namespace install_cert::agent;
using namespace install_cert::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::seconds kSoon{2};

Error throttled(std::chrono::seconds retry_after) {
    return {.kind = Failure::not_yet, .what = "429", .way_out = {}, .retry_after = retry_after};
}

// A person's turn, at an issuer that has recovered by the second try.
TurnReport settled(Host& host) {
    TurnPorts ports = host.ports();
    ports.sleep_until = [&](WallTime time) {
        host.issuer.clear_failures();
        host.clock.advance(time - host.clock.now());
    };
    return run_until_settled(
        host.role,
        host.request(renewal::Wish::what_is_due, TurnRequest::Patience::tries_at_once),
        ports,
        host.state);
}

}  // namespace

TEST_CASE("a Retry-After beyond the turn's end keeps no other certificate from another try",
          "[turn]") {
    Host host({"web", "db"});
    host.issuer.fail("web", throttled(kLongestRetryAfter));
    host.issuer.fail("db", throttled(kSoon));
    const TurnReport report = settled(host);
    CHECK(report.certificates[0].kind == OutcomeKind::failed);
    CHECK(report.certificates[1].kind == OutcomeKind::installed);
    CHECK(host.issuer.requests() == 3);
    CHECK(host.clock.now() < report.certificates[0].next);
}

TEST_CASE("another try forgets no ending token of the first", "[turn]") {
    Host host({"web", "db"});
    host.role.certificates[0].auth.token_file = "/web-token";
    host.state.tokens["/web-token"].final_end = host.clock.now() + 48h;
    host.issuer.fail("db", throttled(kSoon));
    const TurnReport report = settled(host);
    CHECK(report.certificates[1].kind == OutcomeKind::installed);
    CHECK(report.ending_tokens.size() == 1);
}
