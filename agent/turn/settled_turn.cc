// SPDX-License-Identifier: Apache-2.0
#include "agent/turn/settled_turn.h"

#include <algorithm>
#include <utility>

#include "renewal/backoff.h"

namespace install_cert::agent {
namespace {

constexpr unsigned kLongestBackoff = 10;  // doublings are over by then

// What another try within this turn can bring: a request that only had to keep its distance, or one
// that the server itself asked to have later. The daemon has its own schedule for the latter.
bool deserves_another_try(const Outcome& outcome, TurnRequest::Patience patience) {
    if (outcome.kind == OutcomeKind::postponed || outcome.kind == OutcomeKind::resting) {
        return outcome.cause == renewal::Cause::asked || outcome.cause == renewal::Cause::boot;
    }
    return patience == TurnRequest::Patience::tries_at_once &&
           outcome.kind == OutcomeKind::failed && outcome.error && outcome.error->retry_after;
}

// The certificates for which such a try comes before the deadline. One that would come later must
// not keep the others from theirs.
std::vector<const Outcome*> to_try_again(const TurnReport& report,
                                         const TurnRequest& request,
                                         const Clock& clock) {
    const auto left = request.deadline - clock.since_boot();
    std::vector<const Outcome*> again;
    for (const Outcome& outcome : report.certificates) {
        if (deserves_another_try(outcome, request.patience) && outcome.next - clock.now() < left) {
            again.push_back(&outcome);
        }
    }
    return again;
}

// What the later try brought replaces what the earlier one left open.
void adopt(TurnReport& report, TurnReport again) {
    for (Outcome& outcome : again.certificates) {
        const auto first = std::ranges::find(report.certificates, outcome.spec, &Outcome::spec);
        *first = std::move(outcome);
    }
    for (ReloadReport& reload : again.reloads) {
        std::erase_if(report.reloads, [&](const ReloadReport& earlier) {
            return earlier.consumer == reload.consumer;
        });
        report.reloads.push_back(std::move(reload));
    }
    std::ranges::move(again.superseded, std::back_inserter(report.superseded));
    std::ranges::move(again.remarks, std::back_inserter(report.remarks));
    report.all_valid = std::ranges::all_of(report.certificates, &Outcome::valid);
}

// What could not be written down, the next turn will not know: neither how often it failed, nor
// until when it was to wait. So the supervisor waits as long as the longest back-off.
void keep(const State& state, const TurnPorts& ports, TurnReport& report) {
    const auto saved = ports.save(state);
    if (saved) {
        return;
    }
    report.remarks.push_back(saved.error().what);
    const auto delay = renewal::retry_delay(
        {.kind = saved.error().kind, .attempt = kLongestBackoff, .retry_after = {}},
        ports.random());
    report.next_wake = std::max(report.next_wake,
                                ports.clock.now() + std::chrono::ceil<std::chrono::seconds>(delay));
}

}  // namespace

TurnReport run_until_settled(const role::Role& role,
                             TurnRequest request,
                             const TurnPorts& ports,
                             State& state) {
    const State before = state;
    TurnReport report = run_turn(role, request, ports, state);
    for (auto again = to_try_again(report, request, ports.clock); !again.empty();
         again = to_try_again(report, request, ports.clock)) {
        request.certificates.clear();
        std::ranges::transform(again, std::back_inserter(request.certificates), &Outcome::spec);
        ports.sleep_until((*std::ranges::max_element(again, {}, &Outcome::next))->next);
        request.situation.now = ports.clock.now();
        adopt(report, run_turn(role, request, ports, state));
        report.ending_tokens = ending_tokens(report.certificates, state);
        report.next_wake = next_wake(role, report, ports, state);
    }
    if (state != before) {
        keep(state, ports, report);
    }
    return report;
}

}  // namespace install_cert::agent
