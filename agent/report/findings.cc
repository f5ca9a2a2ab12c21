// SPDX-License-Identifier: Apache-2.0
#include "agent/report/findings.h"

#include <utility>

#include "foundation/json_memory.h"

namespace install_cert::agent {
namespace {

std::string_view word_of(Health health) {
    switch (health) {
        case Health::ok:
            return "ok      ";
        case Health::unknown:
            return "unknown ";
        case Health::warning:
            return "warning ";
        case Health::critical:
            return "error   ";
    }
    std::unreachable();
}

}  // namespace

void Findings::good(std::string subject, std::string what) {
    findings_.push_back({.subject = std::move(subject), .what = std::move(what)});
}

void Findings::unjudged(std::string subject, std::string what, std::string way_out) {
    findings_.push_back({.health = Health::unknown,
                         .subject = std::move(subject),
                         .what = std::move(what),
                         .way_out = std::move(way_out)});
}

void Findings::doubtful(std::string subject, std::string what, std::string way_out) {
    findings_.push_back({.health = Health::warning,
                         .subject = std::move(subject),
                         .what = std::move(what),
                         .way_out = std::move(way_out)});
}

void Findings::bad(std::string subject, const Error& error) {
    findings_.push_back({.health = Health::critical,
                         .subject = std::move(subject),
                         .what = error.what,
                         .way_out = error.way_out,
                         .kind = error.kind});
}

std::string Findings::to_text(Colour colour) const {
    std::string text;
    for (const Finding& finding : findings_) {
        text += painted(word_of(finding.health), colour_of(finding.health), colour) +
                finding.subject + ": " + finding.what + "\n";
        if (!finding.way_out.empty()) {
            text += "        way out: " + finding.way_out + "\n";
        }
    }
    return text;
}

std::string Findings::to_json() const {
    JsonBuffer buffer;
    PrettyJsonWriter writer(buffer);
    writer.SetIndent(' ', 2);
    const auto put = [&](const char* key, std::string_view value) {
        writer.Key(key);
        writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    };
    writer.StartObject();
    writer.Key("version");
    writer.Uint(1);
    writer.Key("findings");
    writer.StartArray();
    for (const Finding& finding : findings_) {
        writer.StartObject();
        put("health", to_string(finding.health));
        put("subject", finding.subject);
        put("what", finding.what);
        put("way_out", finding.way_out);
        writer.EndObject();
    }
    writer.EndArray();
    writer.EndObject();
    return std::string(buffer.GetString()) + "\n";
}

int Findings::exit_code() const {
    std::optional<Failure> gravest;
    for (const Finding& finding : findings_) {
        if (finding.health == Health::critical) {
            gravest = gravest ? graver(*gravest, finding.kind) : finding.kind;
        }
    }
    return gravest ? install_cert::exit_code(*gravest) : 0;
}

}  // namespace install_cert::agent
