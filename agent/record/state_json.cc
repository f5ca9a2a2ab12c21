// SPDX-License-Identifier: Apache-2.0
// The JSON form of State.
#include <array>
#include <utility>

#include "agent/record/state.h"
#include "foundation/json_memory.h"
#include "foundation/text.h"

namespace install_cert::agent {
namespace {

using Writer = PrettyJsonWriter;

constexpr std::array<std::pair<Failure, std::string_view>, 8> kKinds{
    {{Failure::usage, "usage"},
     {Failure::unavailable, "unavailable"},
     {Failure::cannot_write, "cannot_write"},
     {Failure::io, "io"},
     {Failure::not_yet, "not_yet"},
     {Failure::rejected, "rejected"},
     {Failure::denied, "denied"},
     {Failure::config, "config"}}};

void put(Writer& writer, std::string_view key, std::string_view value) {
    writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void put(Writer& writer, std::string_view key, WallTime value) {
    put(writer, key, to_rfc3339(value));
}

std::string_view name_of(Failure kind) {
    for (const auto& [candidate, name] : kKinds) {
        if (candidate == kind) {
            return name;
        }
    }
    std::unreachable();
}

template <class Value>
void put_map(Writer& writer, const char* key, const std::map<std::string, Value>& values) {
    writer.Key(key);
    writer.StartObject();
    for (const auto& [name, value] : values) {
        put(writer, name, value);
    }
    writer.EndObject();
}

void put_error(Writer& writer, const LastError& error) {
    writer.Key("last_error");
    writer.StartObject();
    put(writer, "kind", name_of(error.kind));
    put(writer, "what", error.what);
    put(writer, "way_out", error.way_out);
    put(writer, "at", error.at);
    writer.Key("attempts");
    writer.Uint(error.attempts);
    put(writer, "retry_at", error.retry_at);
    if (error.server_wants) {
        put(writer, "server_wants", *error.server_wants);
    }
    writer.EndObject();
}

void put_reloads(Writer& writer, const std::map<std::string, OwedReload>& owed_reloads) {
    writer.Key("owed_reloads");
    writer.StartObject();
    for (const auto& [consumer, owed] : owed_reloads) {
        writer.Key(consumer.c_str());
        writer.StartObject();
        put(writer, "due", owed.due);
        writer.Key("failures");
        writer.Uint(owed.failures);
        put(writer, "why", owed.why);
        writer.EndObject();
    }
    writer.EndObject();
}

void put_certificate(Writer& writer, const CertificateState& certificate) {
    writer.StartObject();
    writer.Key("requests");
    writer.StartArray();
    for (const WallTime at : certificate.requests) {
        writer.String(to_rfc3339(at).c_str());
    }
    writer.EndArray();
    if (!certificate.asked_in_boot.empty()) {
        put(writer, "asked_in_boot", certificate.asked_in_boot);
    }
    if (certificate.last_error) {
        put_error(writer, *certificate.last_error);
    }
    if (certificate.leaf_postponed_until) {
        put(writer, "leaf_postponed_until", *certificate.leaf_postponed_until);
    }
    put_map(writer, "acknowledged", certificate.acknowledged);
    put_reloads(writer, certificate.owed_reloads);
    writer.EndObject();
}

void put_token(Writer& writer, const TokenState& token) {
    writer.StartObject();
    put(writer, "version", token.version);
    put(writer, "looked_up", token.looked_up);
    if (token.ends) {
        put(writer, "ends", *token.ends);
    }
    if (token.final_end) {
        put(writer, "final_end", *token.final_end);
    }
    writer.Key("renewable");
    writer.Bool(token.renewable);
    put(writer, "next_care", token.next_care);
    put(writer, "last_error", token.last_error);
    writer.EndObject();
}

// Readers that treat whatever is not as we wrote it as absent.
const JsonValue* object(const JsonValue& parent, const char* key) {
    const auto member = parent.FindMember(key);
    return member != parent.MemberEnd() && member->value.IsObject() ? &member->value : nullptr;
}

std::string text(const JsonValue& parent, const char* key) {
    const auto member = parent.FindMember(key);
    if (member == parent.MemberEnd() || !member->value.IsString()) {
        return {};
    }
    return {member->value.GetString(), member->value.GetStringLength()};
}

std::optional<WallTime> time(const JsonValue& parent, const char* key) {
    return parse_rfc3339(text(parent, key));
}

std::optional<unsigned> count(const JsonValue& parent, const char* key) {
    const auto member = parent.FindMember(key);
    return member != parent.MemberEnd() && member->value.IsUint()
               ? std::optional(member->value.GetUint())
               : std::nullopt;
}

std::map<std::string, std::string> texts(const JsonValue& parent, const char* key) {
    std::map<std::string, std::string> values;
    if (const auto* const members = object(parent, key)) {
        for (const auto& [name, value] : members->GetObject()) {
            if (value.IsString()) {
                values.emplace(name.GetString(), value.GetString());
            }
        }
    }
    return values;
}

std::map<std::string, WallTime> times(const JsonValue& parent, const char* key) {
    std::map<std::string, WallTime> values;
    for (const auto& [name, value] : texts(parent, key)) {
        if (const auto at = parse_rfc3339(value)) {
            values.emplace(name, *at);
        }
    }
    return values;
}

std::optional<LastError> error_of(const JsonValue& parent) {
    const auto* const error = object(parent, "last_error");
    if (error == nullptr) {
        return std::nullopt;
    }
    LastError result{.what = text(*error, "what"), .way_out = text(*error, "way_out")};
    for (const auto& [kind, name] : kKinds) {
        if (name == text(*error, "kind")) {
            result.kind = kind;
        }
    }
    result.at = time(*error, "at").value_or(WallTime{});
    result.retry_at = time(*error, "retry_at").value_or(WallTime{});
    result.server_wants = time(*error, "server_wants");
    result.attempts = count(*error, "attempts").value_or(1);
    return result;
}

// One without a time would be due for ever: it is drawn anew.
std::map<std::string, OwedReload> owed_reloads_of(const JsonValue& parent) {
    std::map<std::string, OwedReload> all;
    if (const auto* const members = object(parent, "owed_reloads")) {
        for (const auto& [consumer, value] : members->GetObject()) {
            const auto due = value.IsObject() ? time(value, "due") : std::nullopt;
            if (due) {
                all[consumer.GetString()] = {.due = *due,
                                             .failures = count(value, "failures").value_or(0),
                                             .why = text(value, "why")};
            }
        }
    }
    return all;
}

CertificateState certificate_of(const JsonValue& value) {
    CertificateState certificate;
    const auto requests = value.FindMember("requests");
    if (requests != value.MemberEnd() && requests->value.IsArray()) {
        for (const auto& entry : requests->value.GetArray()) {
            const auto at = entry.IsString() ? parse_rfc3339(entry.GetString()) : std::nullopt;
            if (at) {
                certificate.requests.push_back(*at);
            }
        }
    }
    certificate.asked_in_boot = text(value, "asked_in_boot");
    certificate.last_error = error_of(value);
    certificate.leaf_postponed_until = time(value, "leaf_postponed_until");
    certificate.acknowledged = texts(value, "acknowledged");
    certificate.owed_reloads = owed_reloads_of(value);
    return certificate;
}

TokenState token_of(const JsonValue& value) {
    const auto renewable = value.FindMember("renewable");
    return TokenState{.version = text(value, "version"),
                      .looked_up = time(value, "looked_up").value_or(WallTime{}),
                      .ends = time(value, "ends"),
                      .final_end = time(value, "final_end"),
                      .renewable = renewable != value.MemberEnd() && renewable->value.IsTrue(),
                      .next_care = time(value, "next_care").value_or(WallTime{}),
                      .last_error = text(value, "last_error")};
}

}  // namespace

std::string to_json(const State& state) {
    JsonBuffer buffer;
    Writer writer(buffer);
    writer.SetIndent(' ', 1);
    writer.StartObject();
    writer.Key("version");
    writer.Uint(1);
    writer.Key("certificates");
    writer.StartObject();
    for (const auto& [name, certificate] : state.certificates) {
        writer.Key(name.c_str());
        put_certificate(writer, certificate);
    }
    writer.EndObject();
    writer.Key("tokens");
    writer.StartObject();
    for (const auto& [name, token] : state.tokens) {
        writer.Key(name.c_str());
        put_token(writer, token);
    }
    writer.EndObject();
    put_map(writer, "next_ca_look", state.next_ca_look);
    writer.Key("ca_seen");
    writer.StartObject();
    for (const auto& [mount, seen] : state.ca_seen) {
        put_map(writer, mount.c_str(), seen);
    }
    writer.EndObject();
    writer.EndObject();
    return buffer.GetString();
}

State state_from_json(std::string_view json) {
    JsonDocument document;
    document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
    State state;
    if (document.HasParseError() || !document.IsObject()) {
        return state;
    }
    if (const auto* const certificates = object(document, "certificates")) {
        for (const auto& [name, value] : certificates->GetObject()) {
            if (value.IsObject()) {
                state.certificates.emplace(name.GetString(), certificate_of(value));
            }
        }
    }
    if (const auto* const tokens = object(document, "tokens")) {
        for (const auto& [name, value] : tokens->GetObject()) {
            if (value.IsObject()) {
                state.tokens.emplace(name.GetString(), token_of(value));
            }
        }
    }
    state.next_ca_look = times(document, "next_ca_look");
    if (const auto* const mounts = object(document, "ca_seen")) {
        for (const auto& [mount, seen] : mounts->GetObject()) {
            state.ca_seen.emplace(mount.GetString(), times(*mounts, mount.GetString()));
        }
    }
    return state;
}

}  // namespace install_cert::agent
