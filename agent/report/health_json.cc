// SPDX-License-Identifier: Apache-2.0
// The health report for machines.

#include "agent/report/health.h"
#include "foundation/json_memory.h"
#include "foundation/text.h"

namespace install_cert::agent {
namespace {

using Writer = PrettyJsonWriter;

void put(Writer& writer, const char* key, std::string_view value) {
    writer.Key(key);
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void put(Writer& writer, const char* key, const std::vector<std::string>& values) {
    writer.Key(key);
    writer.StartArray();
    for (const std::string& value : values) {
        writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    }
    writer.EndArray();
}

void put(Writer& writer, const char* key, const std::optional<WallTime>& time) {
    writer.Key(key);
    if (time) {
        writer.String(to_rfc3339(*time).c_str());
    } else {
        writer.Null();
    }
}

void put_row(Writer& writer, const HealthRow& row) {
    writer.StartObject();
    put(writer, "name", row.name);
    put(writer, "health", to_string(row.health));
    put(writer, "verdict", row.verdict);
    put(writer, "paths", row.paths);
    put(writer, "common_name", row.common_name);
    put(writer, "sans", row.sans);
    put(writer, "organization", row.organization);
    put(writer, "issuer", row.issuer);
    put(writer, "serial", row.serial);
    put(writer, "not_before", row.not_before);
    put(writer, "not_after", row.not_after);
    put(writer, "next_renewal", row.next_renewal);
    writer.Key("last_error");
    if (row.last_error.empty()) {
        writer.Null();
    } else {
        writer.String(row.last_error.c_str());
    }
    put(writer, "reloads_owed", row.reloads_owed);
    writer.EndObject();
}

// One token is what a host has; where it holds several, the one that ends first is told.
void put_token(Writer& writer, const std::vector<TokenRow>& tokens) {
    writer.Key("token");
    writer.StartObject();
    const TokenRow* first = nullptr;
    for (const TokenRow& token : tokens) {
        if (first == nullptr || (token.ends && (!first->ends || *token.ends < *first->ends))) {
            first = &token;
        }
    }
    if (first != nullptr) {
        put(writer, "source", first->source);
        put(writer, "health", to_string(first->health));
        put(writer, "verdict", first->verdict);
        put(writer, "ends", first->ends);
        writer.Key("renewable");
        first->renewable ? writer.Bool(*first->renewable) : writer.Null();
    }
    writer.EndObject();
}

}  // namespace

std::string to_json(const HealthReport& report) {
    JsonBuffer buffer;
    Writer writer(buffer);
    writer.SetIndent(' ', 2);
    writer.StartObject();
    writer.Key("version");
    writer.Uint(1);
    put(writer, "health", to_string(report.health));
    writer.Key("certificates");
    writer.StartArray();
    for (const HealthRow& row : report.certificates) {
        put_row(writer, row);
    }
    writer.EndArray();
    put_token(writer, report.tokens);
    writer.EndObject();
    return std::string(buffer.GetString()) + "\n";
}

}  // namespace install_cert::agent
