// SPDX-License-Identifier: Apache-2.0
#include "agent/report/health.h"

#include <algorithm>
#include <utility>

#include "agent/turn/candidate.h"
#include "agent/turn/token_care.h"
#include "foundation/text.h"
#include "renewal/schedule.h"

namespace install_cert::agent {
namespace {

// By now back-off has waited for more than a restart of Vault or of a network takes.
constexpr unsigned kLastingFailure = 5;

void note(HealthRow& row, Health health, const std::string& verdict) {
    row.health = worse(row.health, health);
    row.verdict += (row.verdict.empty() ? "" : "; ") + verdict;
}

// Whatever the turn would give as its reason: a boot's renewal that goes on failing is overdue,
// too.
bool is_overdue(const renewal::Decision& decision, WallTime now) {
    return decision.cause == renewal::Cause::due ||
           (decision.cause != renewal::Cause::none && renewal::clock_is_sane(now) && decision.due &&
            now >= *decision.due);
}

void judge_installed(HealthRow& row,
                     const installation::InstalledSet& installed,
                     const renewal::Decision& decision,
                     WallTime now) {
    const renewal::Lifetime lifetime = lifetime_of(installed);
    row.health = Health::ok;
    if (!installed.damage.empty()) {
        note(row, Health::critical, installed.damage);
    }
    if (renewal::clock_is_sane(now) && now >= lifetime.not_after) {
        note(row, Health::critical, "expired " + to_human(now - lifetime.not_after) + " ago");
    } else if (renewal::clock_is_sane(now) && now >= renewal::last_tenth(lifetime)) {
        note(row, Health::critical, "less than a tenth of its lifetime is left");
    } else if (is_overdue(decision, now)) {
        note(row, Health::warning, "overdue");
    }
    if (decision.cause == renewal::Cause::request_changed) {
        note(row,
             Health::warning,
             "the configuration asks for something else than what is installed");
    }
    if (!installed.drift.empty()) {
        note(row, Health::warning, join(installed.drift, ", "));
    }
}

// A good set may be long from due: what keeps a renewal from succeeding is told before it is.
void judge_failures(HealthRow& row, const std::optional<LastError>& error) {
    // A refused token or policy does not pass by itself.
    if (error && (error->attempts >= kLastingFailure || error->kind == Failure::denied)) {
        const std::string times =
            error->attempts == 1
                ? "failed: "
                : "failed " + std::to_string(error->attempts) + " times in a row: ";
        note(row, Health::warning, times + error->what);
    }
}

HealthRow row_of(const role::Role& role,
                 const Examined& examined,
                 const State& state,
                 const renewal::Situation& situation) {
    HealthRow row{.name = examined.spec->name, .paths = examined.paths};
    const auto known = state.certificates.find(row.name);
    if (known != state.certificates.end() && known->second.last_error) {
        row.last_error = known->second.last_error->what;
    }
    if (!examined.installed) {
        note(row, Health::critical, examined.installed.error().what);
        return row;
    }
    if (!*examined.installed) {
        note(row, Health::critical, "nothing is installed yet");
        return row;
    }
    const installation::InstalledSet& installed = **examined.installed;
    describe(row, installed.leaf.facts());
    if (examined.standing == Examined::Standing::former) {
        note(row,
             Health::warning,
             "no longer in the configuration: nobody renews it, 'install-cert remove --former' "
             "takes "
             "it away");
        return row;
    }
    renewal::Subject subject{
        .spec = examined.spec,
        .installed = renewal::InstalledFacts{.damage = installed.damage,
                                             .request_digest = installed.provenance.request_digest,
                                             .boot_id = installed.provenance.boot_id,
                                             .received = installed.provenance.received,
                                             .not_before = installed.leaf.facts().not_before,
                                             .not_after = installed.leaf.facts().not_after}};
    if (known != state.certificates.end()) {
        subject.leaf_postponed_until = known->second.leaf_postponed_until;
    }
    const renewal::Decision decision =
        renewal::decide(role.renewal, subject, situation, renewal::Wish::what_is_due);
    row.next_renewal = decision.next_renewal;
    judge_installed(row, installed, decision, situation.now);
    if (known != state.certificates.end()) {
        judge_failures(row, known->second.last_error);
    }
    row.reloads_owed = examined.reloads_owed;
    if (!row.reloads_owed.empty()) {
        note(row, Health::warning, "owed a reload: " + join(row.reloads_owed, ", "));
    }
    return row;
}

// The last of the renewals that are planned with the token of `source`.
std::optional<WallTime> last_need(const std::string& source,
                                  const std::vector<Examined>& examined,
                                  const std::vector<HealthRow>& rows) {
    std::optional<WallTime> last;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (token_source(examined[i].spec->auth) == source) {
            last = std::max(last, rows[i].next_renewal);  // nullopt is the least
        }
    }
    return last;
}

TokenRow token_row(const std::string& source,
                   const TokenState& token,
                   const std::optional<WallTime>& needed) {
    TokenRow row{.source = source, .verdict = token.last_error, .ends = token.ends};
    if (token.looked_up == WallTime{}) {
        row.health = Health::unknown;
    } else {
        row.renewable = token.renewable;
    }
    if (!token.last_error.empty()) {
        row.health = Health::warning;
    }
    if (needed && ends_before(token, *needed)) {
        row.health = Health::warning;
        row.verdict += (row.verdict.empty() ? "" : "; ") +
                       std::string("ends before the next renewal, and renewing it does not help");
    }
    return row;
}

}  // namespace

std::string_view to_string(Health health) {
    switch (health) {
        case Health::ok:
            return "ok";
        case Health::warning:
            return "warning";
        case Health::critical:
            return "critical";
        case Health::unknown:
            return "unknown";
    }
    std::unreachable();
}

Health worse(Health a, Health b) {
    if (a == Health::unknown || b == Health::unknown) {
        return a == Health::unknown ? b : a;
    }
    return std::max(a, b);
}

void describe(HealthRow& row, const x509::CertificateFacts& leaf) {
    row.common_name = leaf.names.common_name;
    for (const auto* const list :
         {&leaf.names.dns, &leaf.names.ip, &leaf.names.uri, &leaf.names.email}) {
        row.sans.insert(row.sans.end(), list->begin(), list->end());
    }
    row.organization = leaf.organization;
    row.issuer = leaf.issuer;
    row.serial = leaf.serial;
    row.not_before = leaf.not_before;
    row.not_after = leaf.not_after;
}

HealthReport judge(const role::Role& role,
                   const std::vector<Examined>& examined,
                   const State& state,
                   const renewal::Situation& situation) {
    HealthReport report;
    for (const Examined& one : examined) {
        report.certificates.push_back(row_of(role, one, state, situation));
        report.health = worse(report.health, report.certificates.back().health);
    }
    for (const auto& [source, token] : state.tokens) {
        report.tokens.push_back(
            token_row(source, token, last_need(source, examined, report.certificates)));
        report.health = worse(report.health, report.tokens.back().health);
    }
    return report;
}

}  // namespace install_cert::agent
