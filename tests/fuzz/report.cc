// SPDX-License-Identifier: Apache-2.0
// A worker's report on its pipe, and what the agenda makes of it.
#include <chrono>
#include <string>
#include <string_view>

#include "agent/supervisor/agenda.h"
#include "agent/supervisor/turn_report.h"
#include "fuzz/promise.h"
#include "fuzz/wanted.h"

using namespace install_cert;

FUZZ_TARGET(input) {
    const auto report = supervisor::parse_report(input);
    supervisor::Agenda agenda(supervisor::Cause::start, fuzz::kNow);
    (void)agenda.take(fuzz::kNow);
    (void)agenda.finished(report, fuzz::kNow, 0.5);
    fuzz::promise(agenda.next_wake() > fuzz::kNow &&
                      agenda.next_wake() <= fuzz::kNow + std::chrono::days{366},
                  "the next turn is neither at once nor never");
    if (!report) {
        return;
    }
    fuzz::promise(report->exit_code >= 0 && report->exit_code <= 255, "an exit code is one");
    fuzz::promise_message(report->status);
    const auto again = supervisor::parse_report(supervisor::to_text(*report));
    fuzz::promise(again && again->exit_code == report->exit_code && again->again == report->again &&
                      again->valid == report->valid && again->next_wake == report->next_wake,
                  "a report is read as it was written");
}
