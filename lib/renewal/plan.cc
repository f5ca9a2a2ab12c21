// SPDX-License-Identifier: Apache-2.0
#include "renewal/plan.h"

#include <utility>

#include "foundation/text.h"

namespace install_cert::renewal {
namespace {

// 2026-01-01T00:00:00Z: older than any build.
constexpr WallTime kOldestBuild{std::chrono::seconds{1'767'225'600}};

struct Judgement {
    Cause cause;
    std::string why;
};

Judgement judge_installed(const role::RenewalPolicy& policy,
                          const Subject& subject,
                          const Situation& situation,
                          WallTime due) {
    const InstalledFacts& installed = *subject.installed;
    const WallTime now = situation.now;
    if (!installed.damage.empty()) {
        return {Cause::damaged, installed.damage};
    }
    if (installed.request_digest != role::request_digest(*subject.spec)) {
        return {Cause::request_changed,
                "the configuration asks for something else than what is installed"};
    }
    if (!clock_is_sane(now)) {
        return {Cause::none,
                "the clock says " + to_rfc3339(now) + ", which cannot be: nothing is judged by it"};
    }
    if (now >= installed.not_after) {
        return {Cause::expired, "expired " + to_human(now - installed.not_after) + " ago"};
    }
    if (policy.on_boot == role::OnBoot::always && installed.boot_id != situation.boot_id) {
        return {Cause::boot, "not renewed since this boot"};
    }
    if (now >= due) {
        return {
            Cause::due,
            "due since " + to_rfc3339(due) + ", ends in " + to_human(installed.not_after - now)};
    }
    return {Cause::none, "good until " + to_rfc3339(installed.not_after)};
}

bool serves(const InstalledFacts& installed, WallTime now) {
    return installed.damage.empty() && (!clock_is_sane(now) || now < installed.not_after);
}

}  // namespace

bool clock_is_sane(WallTime now) {
    return now >= kOldestBuild;
}

Decision decide(const role::RenewalPolicy& policy,
                const Subject& subject,
                const Situation& situation,
                Wish wish) {
    Decision decision{
        .spec = subject.spec, .why = "nothing is installed yet", .next_renewal = situation.now};
    if (!subject.installed) {
        decision.cause = wish == Wish::renew_now ? Cause::asked : Cause::not_installed;
        return decision;
    }
    const InstalledFacts& installed = *subject.installed;
    const Lifetime lifetime{.received = installed.received, .not_after = installed.not_after};
    const double share = host_share(situation.machine_id, subject.spec->name);
    WallTime due = due_at(policy, lifetime, share);
    decision.repair = installed.drifted && installed.damage.empty();
    decision.valid = serves(installed, situation.now);

    auto [cause, why] = judge_installed(policy, subject, situation, due);
    if (wish == Wish::renew_now) {
        cause = Cause::asked;
        why = "asked for by the operator";
    } else if (subject.leaf_postponed_until && decision.valid && cause != Cause::request_changed &&
               *subject.leaf_postponed_until > situation.now) {
        cause = Cause::none;
        why = "its CA is trusted ahead of it: the new leaf is asked for at " +
              to_rfc3339(*subject.leaf_postponed_until);
        due = *subject.leaf_postponed_until;
    } else if (subject.leaf_postponed_until && cause == Cause::none) {
        cause = Cause::due;
        why = "its new CA is trusted by now";
    }
    decision.cause = cause;
    decision.why = std::move(why);
    decision.due = due;
    decision.next_renewal = cause == Cause::none ? due : situation.now;
    return decision;
}

}  // namespace install_cert::renewal
