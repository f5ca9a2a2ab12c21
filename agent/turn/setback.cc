// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/setback.h"

#include <utility>

#include "renewal/backoff.h"

namespace install_cert::agent {
namespace {

// One turn for several certificates that fail: a time at which another one is tried anyway, and
// that could have been drawn, is as good as a drawn one.
WallTime retry_time(const renewal::FailedAttempt& failed, const TurnContext& turn) {
    const auto drawn = [&](double random) {
        return turn.now() +
               std::chrono::ceil<std::chrono::seconds>(renewal::retry_delay(failed, random));
    };
    const WallTime soonest = drawn(0);
    const WallTime latest = drawn(1);
    for (const auto& [name, other] : turn.state.certificates) {
        if (other.last_error && other.last_error->retry_at >= soonest &&
            other.last_error->retry_at <= latest) {
            return other.last_error->retry_at;
        }
    }
    return drawn(turn.ports.random());
}

}  // namespace

void set_back(Candidate& candidate, Error error, const TurnContext& turn) {
    CertificateState& known = turn.state.certificates[candidate.spec->name];
    const unsigned attempts = known.last_error ? known.last_error->attempts + 1 : 1;
    const WallTime retry_at = retry_time(
        {.kind = error.kind, .attempt = attempts, .retry_after = error.retry_after}, turn);
    known.last_error =
        LastError{.kind = error.kind,
                  .what = error.what,
                  .way_out = error.way_out,
                  .at = turn.now(),
                  .attempts = attempts,
                  .retry_at = retry_at,
                  .server_wants = error.retry_after ? std::optional(turn.now() + *error.retry_after)
                                                    : std::nullopt};
    candidate.outcome.kind = OutcomeKind::failed;
    candidate.outcome.error = std::move(error);
    candidate.outcome.next = retry_at;
}

}  // namespace install_cert::agent
