// SPDX-License-Identifier: Apache-2.0
#include "simulation/judge.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "foundation/text.h"
#include "renewal/budget.h"

namespace install_cert::simulation {
namespace {

using agent::OutcomeKind;
using supervisor::Cause;

constexpr std::size_t kHistory = 30;
// A token is looked at once a day, or earlier.
constexpr Millis kTokenPatience = kDay + kPatience;
// From half a second to half a minute are seven tries, and then two a minute.
constexpr std::size_t kQuickTries = 7;
constexpr std::size_t kTriesInAnHour = kHour / (30 * kSecond);
// Half a minute, one, two, and then two and a half: 26 within an hour.
constexpr std::size_t kFailedReloadsInAnHour = 30;

Millis millis(WallTime time) {
    return time.time_since_epoch().count() * kSecond;
}

Millis millis(std::chrono::seconds duration) {
    return duration.count() * kSecond;
}

void forget_before(std::deque<Millis>& times, Millis then) {
    while (!times.empty() && times.front() <= then) {
        times.pop_front();
    }
}

std::string_view to_string(OutcomeKind kind) {
    constexpr std::array<std::string_view, 7> names{
        "kept", "repaired", "installed", "trust published", "postponed", "resting", "failed"};
    return names[static_cast<std::size_t>(kind)];
}

}  // namespace

Judge::Judge(Host& host)
    : host_(host),
      debts_(host.consumers.size()),
      unfair_at_(host.true_now),
      disturbed_at_(host.true_now) {
    for (const role::CertificateSpec& spec : host.role.certificates) {
        certificates_[spec.name];
    }
}

std::string Judge::moment() const {
    const auto time = [](Millis at) {
        return to_rfc3339(WallTime{std::chrono::seconds{at / kSecond}});
    };
    std::string text = time(host_.true_now);
    if (host_.offset != 0) {
        text += " (its clock: " + time(host_.true_now + host_.offset) + ")";
    }
    return text;
}

void Judge::note(std::string_view what, std::string detail) {
    if (!records) {
        return;
    }
    std::string line = moment() + " " + std::string(what) + (detail.empty() ? "" : ": " + detail);
    if (trace) {
        (void)std::printf("%s\n", line.c_str());
    }
    history_.push_back(std::move(line));
    if (history_.size() > kHistory) {
        history_.pop_front();
    }
}

std::vector<std::string> Judge::history() const {
    return {history_.begin(), history_.end()};
}

void Judge::object(const std::string& what) const {
    throw Violation{moment() + ": " + what};
}

bool Judge::can_write() const {
    return host_.disk.mood == DiskMood::good || host_.disk.mood == DiskMood::does_not_sync;
}

// Whether a certificate that is asked for now would be had.
bool Judge::fair() const {
    return fair_but_for_the_token() && host_.vault->token_ends > host_.true_now;
}

bool Judge::fair_but_for_the_token() const {
    const Vault& vault = *host_.vault;
    // Where every other answer is lost, the budget may be spent within a short certificate's life.
    const Millis ttl = millis(host_.role.certificates.front().ttl.value_or(vault.default_ttl));
    const bool serves = (vault.mood == VaultMood::serves || vault.mood == VaultMood::slow) &&
                        (vault.loss == 0 || ttl >= kDay);
    return host_.is_up && host_.agenda && serves && can_write() && host_.token_file.is_there &&
           std::abs(host_.offset) <= 4 * kSecond &&
           vault.authority.ends - host_.true_now > 3 * kHour;
}

void Judge::time_passed() {
    if (!fair()) {
        const Millis ended = host_.vault->token_ends;
        if (fair_but_for_the_token() && ended > unfair_at_) {
            fair_to_token_ = ended - unfair_at_;
        }
        unfair_at_ = host_.true_now;
    }
}

void Judge::disturbed(std::string_view what) {
    note(what);
    unfair_at_ = disturbed_at_ = host_.true_now;
    disturbances_.push_back(host_.true_now);
    fair_to_token_ = 0;
    failed_reloads_.clear();
    std::ranges::fill(debts_, Debt{});
}

void Judge::reset_budgets() {
    resets_.push_back(host_.true_now);
}

void Judge::turn_begins(const supervisor::TurnOrder& order) {
    check();
    order_ = order;
    turns_.push_back(host_.true_now);
    for (auto& [name, known] : certificates_) {
        known.before = host_.disk.homes[name].current;
        known.exempt = order.cause == Cause::renew || known.boot_asked != host_.boot_id();
    }
    check_pace();
}

void Judge::turn_killed() {
    note("killed in its turn");
    failed_reloads_.clear();
    unfair_at_ = disturbed_at_ = host_.true_now;
    disturbances_.push_back(host_.true_now);
}

// It waits for somebody: the tries get rarer. What cannot be written down is forgotten.
void Judge::reload_failed(const std::string& consumer) {
    if (order_.cause != Cause::timer || !can_write()) {
        return;
    }
    std::deque<Millis>& tries = failed_reloads_[consumer];
    tries.push_back(host_.true_now);
    forget_before(tries, host_.true_now - kHour);
    if (tries.size() > kFailedReloadsInAnHour) {
        object(consumer + " failed " + std::to_string(tries.size()) + " times within an hour");
    }
}

void Judge::asked(const std::string& name) {
    asks_.push_back(host_.true_now);
    Certificate& known = certificates_[name];
    known.asks.push_back(host_.true_now);
    forget_before(known.asks, host_.true_now - kDay);
    if (order_.cause == Cause::timer && host_.true_now < known.throttled_until - kSecond) {
        object(name + " is asked for although Vault's Retry-After has not passed");
    }
    check_asks(name, known);
}

// Whatever fails: back-off begins anew after a success, of which the budget has ten in an hour, and
// where something happened.
void Judge::check_asks(const std::string& name, const Certificate& known) const {
    const auto asks = static_cast<std::size_t>(
        std::ranges::count_if(known.asks, [&](Millis at) { return at > host_.true_now - kHour; }));
    const std::size_t anew =
        1 + renewal::kRequestsPerWindow * (1 + resets_.size()) + disturbances_.size();
    const std::size_t most = kTriesInAnHour + kQuickTries * anew;
    if (asks > most) {
        object(name + " is asked for " + std::to_string(asks) +
               " times within an hour, and at most " + std::to_string(most) + " are in order");
    }
}

void Judge::issued(const std::string& name) {
    Certificate& known = certificates_[name];
    known.issues.push_back({.at = host_.true_now, .exempt = known.exempt});
    if (order_.cause != Cause::renew) {
        known.boot_asked = host_.boot_id();
        known.exempt = false;
    }
    check_budget(name, known);
}

void Judge::throttled(const std::string& name, std::chrono::seconds retry_after) {
    certificates_[name].throttled_until = host_.true_now + millis(retry_after);
}

void Judge::check_budget(const std::string& name, Certificate& known) {
    Millis window = kBudgetWindow;
    if (known.before) {
        window = std::min(window,
                          millis(known.before->set.leaf.facts().not_after) -
                              millis(known.before->set.provenance.received));
    }
    std::erase_if(known.issues,
                  [&](const Issue& issue) { return issue.at <= host_.true_now - kBudgetWindow; });
    forget_before(resets_, host_.true_now - kBudgetWindow);
    const Millis from = host_.true_now - window + kSecond;  // the host reckons in whole seconds
    const auto counted = static_cast<std::size_t>(std::ranges::count_if(
        known.issues, [&](const Issue& issue) { return !issue.exempt && issue.at > from; }));
    if (counted > renewal::kRequestsPerWindow * (1 + resets_.size())) {
        object(name + ": Vault made " + std::to_string(counted) + " certificates within " +
               std::to_string(window / kSecond) + " s, and nobody asked for them");
    }
}

void Judge::turn_ended(const agent::TurnReport& report) {
    for (const agent::Outcome& outcome : report.certificates) {
        check_outcome(outcome);
    }
    if (records) {
        note("turn", text_of(report));
    }
    check_waits(report);
}

std::string Judge::text_of(const agent::TurnReport& report) const {
    std::string text{supervisor::to_string(order_.cause)};
    for (const agent::Outcome& outcome : report.certificates) {
        text += "; " + outcome.spec->name + " " + std::string(to_string(outcome.kind));
        if (outcome.error) {
            text += " (" + printable(outcome.error->what, 60) + ")";
        }
        text += " next " + to_rfc3339(outcome.next);
    }
    for (const agent::ReloadReport& reload : report.reloads) {
        text += "; " + reload.consumer + " " + reload.outcome.what;
    }
    return text + "; wakes " + to_rfc3339(report.next_wake);
}

// Renewals of the schedule are apart, and trust goes before leaf.
void Judge::check_outcome(const agent::Outcome& outcome) {
    const auto& home = host_.disk.homes[outcome.spec->name];
    const Certificate& known = certificates_[outcome.spec->name];
    if (outcome.kind != OutcomeKind::installed || !home.current || !known.before) {
        return;
    }
    const installation::InstalledSet& before = known.before->set;
    const installation::InstalledSet& after = home.current->set;
    const auto lifetime = before.leaf.facts().not_after - before.provenance.received;
    const auto age = after.provenance.received - before.provenance.received;
    const bool by_schedule = outcome.cause == renewal::Cause::due;
    const bool postponed = before.trust.size() > 1;
    if (by_schedule && !postponed && resets_.empty() &&
        age < lifetime / 10 - std::chrono::seconds{1}) {
        object(outcome.spec->name + " is renewed by the schedule after " + to_human(age) + " of " +
               to_human(lifetime));
    }
    const bool was_good = before.damage.empty() &&
                          after.provenance.received < before.leaf.facts().not_after - lifetime / 10;
    const bool trusted = std::ranges::any_of(before.trust, [&](const auto& authority) {
        return after.leaf.is_issued_by(authority.certificate);
    });
    if (was_good && !trusted && outcome.cause != renewal::Cause::request_changed) {
        object(outcome.spec->name + " presents a leaf of a CA that no other host can trust yet");
    }
}

void Judge::check_waits(const agent::TurnReport& report) const {
    using std::chrono::seconds;
    constexpr seconds kLongest{331};  // 5 min of Retry-After, a tenth for jitter, rounded up
    for (const auto& [name, known] : host_.saved.certificates) {
        if (known.last_error) {
            const auto wait = known.last_error->retry_at - known.last_error->at;
            if (wait < seconds{1} || wait > kLongest) {
                object(name + " waits " + std::to_string(wait.count()) + " s after a failure");
            }
        }
    }
    const auto sleep = report.next_wake - host_.now();
    if (sleep > std::chrono::days{1} || sleep < -std::chrono::minutes{10}) {
        object("the next turn is asked for in " + std::to_string(sleep.count()) + " s");
    }
}

void Judge::check() {
    time_passed();
    check_token();
    check_sets();
    check_debts();
    check_agenda();
    check_quiet();
}

bool Judge::budget_was_spent(const Certificate& known) const {
    const auto recent = std::ranges::count_if(
        known.asks, [&](Millis at) { return at > unfair_at_ - kBudgetWindow; });
    return recent >= static_cast<std::ptrdiff_t>(renewal::kRequestsPerWindow);
}

void Judge::check_token() {
    if (fair_to_token_ > kTokenPatience) {
        object("the token ended, and could have been renewed for " +
               std::to_string(fair_to_token_ / kSecond) + " s");
    }
}

void Judge::check_sets() {
    forget_before(asks_, host_.true_now - kDay);
    const Millis since = host_.true_now - unfair_at_;
    for (const role::CertificateSpec& spec : host_.role.certificates) {
        const auto& installed = host_.disk.homes[spec.name].current;
        const bool blamed = since > kPatience + kBudgetWindow ||
                            (since > kPatience && !budget_was_spent(certificates_[spec.name]));
        if (!installed) {
            if (blamed) {
                object(spec.name + " is not installed although all was well for " +
                       std::to_string(since / kSecond) + " s");
            }
            continue;
        }
        const StoredSet& stored = *installed;
        const x509::CertificateFacts& leaf = stored.set.leaf.facts();
        if (leaf.public_key_digest != stored.key) {
            object(spec.name + ": a certificate lies beside another one's key");
        }
        if (std::ranges::none_of(stored.set.trust, [&](const auto& authority) {
                return stored.set.leaf.is_issued_by(authority.certificate);
            })) {
            object(spec.name + ": a certificate lies beside a CA file that does not lead to it");
        }
        // What is done by hand is noticed at the next turn, within a day.
        const bool noticed = stored.set.damage.empty() || since > kDay + kHour;
        if (blamed &&
            (host_.true_now >= millis(leaf.not_after) || (noticed && !stored.set.damage.empty()))) {
            object(spec.name + " does not serve (ends " + to_rfc3339(leaf.not_after) + ", " +
                   stored.set.damage + ") although all was well for " +
                   std::to_string(since / kSecond) + " s");
        }
        const auto state = host_.saved.certificates.find(spec.name);
        const bool postponed = state != host_.saved.certificates.end() &&
                               state->second.leaf_postponed_until.has_value();
        if (blamed && !postponed && host_.role.renewal.on_boot == role::OnBoot::always &&
            stored.set.provenance.boot_id != host_.boot_id()) {
            object(spec.name + " was not renewed since the boot, although all was well for " +
                   std::to_string(since / kSecond) + " s");
        }
    }
}

void Judge::check_debts() {
    for (std::size_t i = 0; i < host_.consumers.size(); ++i) {
        const ConsumerLife& life = host_.consumers[i];
        const bool can = host_.is_up && host_.agenda && life.mood == ConsumerMood::works;
        if (!can || host_.is_up_to_date(life) || host_.lacks_a_set(life)) {
            debts_[i].since.reset();
            continue;
        }
        if (!debts_[i].since) {
            debts_[i].since = host_.true_now;
        }
        const Millis since = host_.true_now - *debts_[i].since;
        if (since <= kPatience) {
            continue;
        }
        // One restart for both occasions of a unit, in the slot of the rarer one.
        const bool restarts = std::ranges::any_of(host_.consumers, [&](const ConsumerLife& other) {
            return other.consumer.when == role::When::ca_change &&
                   name_of(other.consumer) == name_of(life.consumer);
        });
        const Millis slot = restarts ? millis(host_.role.renewal.ca_lead) : 0;
        if (since > kPatience + slot) {
            object(name_of(life.consumer) + " works and is owed a reload since " +
                   std::to_string(since / kSecond) + " s");
        }
    }
}

void Judge::check_agenda() {
    if (!host_.agenda) {
        return;
    }
    const auto sleep = host_.agenda->next_wake() - host_.now();
    if (host_.true_now - disturbed_at_ > kMinute && sleep > std::chrono::days{1}) {
        object("the daemon sleeps for " + std::to_string(sleep.count()) + " s");
    }
}

// Failures may repeat, but never in a tight loop.
void Judge::check_pace() {
    forget_before(turns_, host_.true_now - kHour);
    forget_before(disturbances_, host_.true_now - kHour);
    std::size_t most =
        100 + 2 * kFailedReloadsInAnHour * host_.consumers.size() + 6 * disturbances_.size();
    for (const role::CertificateSpec& spec : host_.role.certificates) {
        const Millis ttl = millis(spec.ttl.value_or(host_.vault->default_ttl));
        const Millis shortest =
            std::min(ttl, std::max<Millis>(kMinute, host_.vault->authority.ends - host_.true_now));
        most +=
            90 + static_cast<std::size_t>(kHour / std::max<Millis>(20 * kSecond, shortest / 10));
    }
    if (turns_.size() > most) {
        object(std::to_string(turns_.size()) + " turns within an hour, and at most " +
               std::to_string(most) + " are in order");
    }
}

// A day in which nothing happened: only what is due.
void Judge::check_quiet() {
    if (host_.true_now - std::max(disturbed_at_, unfair_at_) < kDay + 2 * kHour) {
        return;
    }
    std::size_t requests = 0;
    for (const role::CertificateSpec& spec : host_.role.certificates) {
        const Millis ttl = millis(spec.ttl.value_or(host_.vault->default_ttl));
        if (host_.vault->authority.ends - host_.true_now < 2 * ttl + kDay) {
            return;  // what is granted gets shorter
        }
        // Where the configuration wants more time before the end than is granted, a tenth of the
        // lifetime lies between two renewals.
        const bool early = std::holds_alternative<role::BeforeExpiry>(host_.role.renewal.at);
        requests += 2 + static_cast<std::size_t>((early ? 22 : 5) * kDay / (2 * ttl));
    }
    if (asks_.size() > requests) {
        object(std::to_string(asks_.size()) + " certificates are asked for on a quiet day, and " +
               std::to_string(requests) + " would be in order");
    }
}

}  // namespace install_cert::simulation
