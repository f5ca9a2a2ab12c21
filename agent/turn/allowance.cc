// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/allowance.h"

#include "foundation/text.h"
#include "renewal/backoff.h"
#include "renewal/budget.h"

namespace install_cert::agent {
namespace {

// A boot's first request is exempt; where it came to nothing, or its answer was lost, the budget
// bounds the next ones.
renewal::Asker asker_of(renewal::Cause cause,
                        const CertificateState& known,
                        const renewal::Situation& situation) {
    if (cause == renewal::Cause::asked) {
        return renewal::Asker::person;
    }
    const bool first = cause == renewal::Cause::boot && known.asked_in_boot != situation.boot_id;
    return first ? renewal::Asker::boot : renewal::Asker::schedule;
}

// What the server itself asked for holds for everybody.
bool rests(Candidate& candidate, renewal::Asker asker, const TurnContext& turn) {
    const auto& last = turn.state.certificates[candidate.spec->name].last_error;
    const bool keeps_backoff = turn.request.patience == TurnRequest::Patience::keeps_backoff &&
                               asker != renewal::Asker::person;
    const WallTime now = turn.now();
    const WallTime until = !last           ? now
                           : keeps_backoff ? last->retry_at
                                           : last->server_wants.value_or(now);
    if (until <= now || until - now > renewal::kLongestRetryDelay) {
        return false;
    }
    candidate.outcome.kind = OutcomeKind::resting;
    candidate.outcome.error =
        Error{.kind = last->kind, .what = last->what, .way_out = last->way_out};
    candidate.outcome.next = until;
    return true;
}

}  // namespace

bool may_ask(Candidate& candidate, const TurnContext& turn) {
    const CertificateState& known = turn.state.certificates[candidate.spec->name];
    const renewal::Asker asker = asker_of(candidate.decision.cause, known, turn.request.situation);
    if (rests(candidate, asker, turn)) {
        return false;
    }
    const std::chrono::seconds lifetime = candidate.installed
                                              ? lifetime_of(*candidate.installed).not_after -
                                                    lifetime_of(*candidate.installed).received
                                              : std::chrono::seconds{0};
    const WallTime allowed = renewal::next_request_at(
        {.requests = known.requests, .lifetime = lifetime}, asker, turn.now());
    if (allowed <= turn.now()) {
        return true;
    }
    candidate.outcome.kind = OutcomeKind::postponed;
    candidate.outcome.next = allowed;
    candidate.outcome.error = Error{
        .kind = Failure::not_yet,
        .what = asker == renewal::Asker::schedule
                    ? candidate.spec->name + ": " + std::to_string(renewal::kRequestsPerWindow) +
                          " requests were spent; the next one is allowed at " + to_rfc3339(allowed)
                    : candidate.spec->name + ": asked for a moment ago; again at " +
                          to_rfc3339(allowed),
        .way_out = asker == renewal::Asker::schedule ? "'install-cert renew' asks at once" : ""};
    return false;
}

void spend_request(const Candidate& candidate, const TurnContext& turn) {
    CertificateState& known = turn.state.certificates[candidate.spec->name];
    known.asked_in_boot = turn.request.situation.boot_id;
    known.requests.push_back(turn.now());
    if (known.requests.size() > renewal::kRequestsPerWindow) {
        known.requests.erase(known.requests.begin());
    }
}

void take_request_back(const Candidate& candidate, const TurnContext& turn) {
    CertificateState& known = turn.state.certificates[candidate.spec->name];
    known.asked_in_boot.clear();
    if (!known.requests.empty()) {
        known.requests.pop_back();
    }
}

}  // namespace install_cert::agent
