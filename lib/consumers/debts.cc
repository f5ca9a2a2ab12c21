// SPDX-License-Identifier: Apache-2.0
#include "consumers/debts.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "role/role.h"

namespace install_cert::consumers {

namespace {

using role::CommandConsumer;
using role::Consumer;
using role::UnitAction;
using role::UnitConsumer;
using role::When;

// Quoted where a blank would make two arguments of one.
std::string word(const std::string& argument) {
    if (!argument.empty() && argument.find_first_of(" \"\\") == std::string::npos) {
        return argument;
    }
    std::string quoted = "\"";
    for (const char c : argument) {
        if (c == '"' || c == '\\') {
            quoted += '\\';
        }
        quoted += c;
    }
    return quoted + '"';
}

std::string identity(const Consumer& consumer) {
    if (const auto* unit = std::get_if<UnitConsumer>(&consumer.what)) {
        return "unit " + unit->unit;
    }
    std::string text = "command";
    for (const std::string& argument : std::get<CommandConsumer>(consumer.what).argv) {
        text += ' ' + word(argument);
    }
    return text;
}

const std::string& change(const Consumer& consumer, const Installed& installed) {
    return consumer.when == When::ca_change ? installed.trust_digest : installed.leaf;
}

bool is_owed(const Consumer& consumer, const Installed& installed, const Acknowledged& known) {
    const auto certificate = known.find(installed.spec->name);
    if (certificate == known.end()) {
        return true;
    }
    const auto last = certificate->second.find(acknowledgement_key(consumer));
    return last == certificate->second.end() || last->second != change(consumer, installed);
}

int reach(UnitAction action) {
    switch (action) {
        case UnitAction::reload:
            return 0;
        case UnitAction::reload_or_restart:
            return 1;
        case UnitAction::restart:
            return 2;
    }
    std::unreachable();
}

// Both are the same unit or the same command.
void merge(Consumer& into, const Consumer& other) {
    into.timeout = std::max(into.timeout, other.timeout);
    auto* unit = std::get_if<UnitConsumer>(&into.what);
    if (unit == nullptr) {
        return;
    }
    const UnitAction action = std::get<UnitConsumer>(other.what).action;
    if (reach(action) > reach(unit->action)) {
        unit->action = action;
        into.when = other.when;
    } else if (action == unit->action && other.when == When::certificate_change) {
        into.when = other.when;
    }
}

void owe(std::vector<Debt>& owed, const Consumer& consumer, const std::string& certificate) {
    const auto same = [&](const Debt& debt) {
        return identity(debt.consumer) == identity(consumer);
    };
    const auto debt = std::ranges::find_if(owed, same);
    if (debt == owed.end()) {
        owed.push_back({.consumer = consumer, .certificates = {certificate}});
        return;
    }
    merge(debt->consumer, consumer);
    if (debt->certificates.back() != certificate) {
        debt->certificates.push_back(certificate);
    }
}

}  // namespace

std::string acknowledgement_key(const Consumer& consumer) {
    return identity(consumer) + (consumer.when == When::ca_change ? " on ca_change" : "");
}

std::vector<Debt> debts(std::span<const Installed> installed, const Acknowledged& acknowledged) {
    std::vector<Debt> owed;
    for (const Installed& set : installed) {
        for (const Consumer& consumer : set.spec->consumers) {
            if (is_owed(consumer, set, acknowledged)) {
                owe(owed, consumer, set.spec->name);
            }
        }
    }
    return owed;
}

void acknowledge(Acknowledged& acknowledged,
                 const Debt& debt,
                 std::span<const Installed> installed) {
    for (const Installed& set : installed) {
        if (std::ranges::find(debt.certificates, set.spec->name) == debt.certificates.end()) {
            continue;
        }
        for (const Consumer& consumer : set.spec->consumers) {
            if (identity(consumer) == identity(debt.consumer)) {
                acknowledged[set.spec->name][acknowledgement_key(consumer)] = change(consumer, set);
            }
        }
    }
}

}  // namespace install_cert::consumers
