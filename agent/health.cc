// SPDX-License-Identifier: Apache-2.0
#include "agent/health.h"

#include <algorithm>
#include <utility>

#include "agent/candidate.h"
#include "foundation/text.h"
#include "renewal/schedule.h"

namespace install_cert::agent {
namespace {

void note(HealthRow& row, Health health, const std::string& verdict) {
    row.health = worse(row.health, health);
    row.verdict += (row.verdict.empty() ? "" : "; ") + verdict;
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
    } else if (decision.cause == renewal::Cause::due) {
        note(row, Health::warning, "overdue");
    } else if (decision.cause == renewal::Cause::request_changed) {
        note(row,
             Health::warning,
             "the configuration asks for something else than what is installed");
    }
    if (!installed.drift.empty()) {
        note(row, Health::warning, join(installed.drift, ", "));
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
    row.reloads_owed = examined.reloads_owed;
    if (!row.reloads_owed.empty()) {
        note(row, Health::warning, "owed a reload: " + join(row.reloads_owed, ", "));
    }
    return row;
}

TokenRow token_row(const std::string& source,
                   const TokenState& token,
                   const std::vector<HealthRow>& rows) {
    TokenRow row{.source = source,
                 .verdict = token.last_error,
                 .ends = token.ends,
                 .renewable = token.renewable};
    if (!token.last_error.empty()) {
        row.health = Health::warning;
    }
    const bool too_short =
        token.ends && !token.renewable &&
        std::ranges::any_of(rows, [&](const HealthRow& certificate) {
            return certificate.next_renewal && *certificate.next_renewal >= *token.ends;
        });
    if (too_short) {
        row.health = Health::warning;
        row.verdict += (row.verdict.empty() ? "" : "; ") +
                       std::string("ends before the next renewal and cannot be renewed");
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
        report.tokens.push_back(token_row(source, token, report.certificates));
        report.health = worse(report.health, report.tokens.back().health);
    }
    return report;
}

}  // namespace install_cert::agent
