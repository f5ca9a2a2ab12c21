// SPDX-License-Identifier: Apache-2.0
#include "agent/record/accepted.h"

#include "agent/record/small_file.h"
#include "foundation/json_memory.h"
#include "foundation/text.h"
#include "host/files.h"

namespace install_cert::agent {
namespace {

using Writer = JsonWriter<JsonBuffer>;

// Every text may be as long as a configuration file may be, and JSON escapes at most sixfold.
constexpr std::size_t kAcceptedLimit = 64 * host::kConfigLimit;

void put(Writer& writer, const role::Text& text) {
    writer.StartObject();
    writer.Key("file");
    writer.String(text.file.data(), static_cast<rapidjson::SizeType>(text.file.size()));
    writer.Key("yaml");
    writer.String(text.yaml.data(), static_cast<rapidjson::SizeType>(text.yaml.size()));
    writer.EndObject();
}

std::optional<role::Text> text_of(const JsonValue& value) {
    if (!value.IsObject()) {
        return std::nullopt;
    }
    const auto file = value.FindMember("file");
    const auto yaml = value.FindMember("yaml");
    if (file == value.MemberEnd() || yaml == value.MemberEnd() || !file->value.IsString() ||
        !yaml->value.IsString()) {
        return std::nullopt;
    }
    return role::Text{.file = file->value.GetString(), .yaml = yaml->value.GetString()};
}

std::unexpected<Error> not_ours() {
    return fail(Failure::io, "accepted.json: not written by this program");
}

}  // namespace

role::Sources sources_of(const SourceTexts& texts) {
    return {.host = texts.host,
            .drop_ins = texts.drop_ins,
            .role_file = [role = texts.role](std::string_view name) -> Result<role::Text> {
                if (role) {
                    return *role;
                }
                return fail(Failure::config, "role '" + printable(name) + "' was not accepted");
            }};
}

std::string to_json(const SourceTexts& texts) {
    JsonBuffer buffer;
    Writer writer(buffer);
    writer.StartObject();
    writer.Key("host");
    put(writer, texts.host);
    writer.Key("drop_ins");
    writer.StartArray();
    for (const role::Text& text : texts.drop_ins) {
        put(writer, text);
    }
    writer.EndArray();
    if (texts.role) {
        writer.Key("role");
        put(writer, *texts.role);
    }
    writer.EndObject();
    return buffer.GetString();
}

Result<SourceTexts> texts_from_json(std::string_view json) {
    JsonDocument document;
    document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
    if (document.HasParseError() || !document.IsObject()) {
        return not_ours();
    }
    const auto host = document.FindMember("host");
    const auto drop_ins = document.FindMember("drop_ins");
    const auto role = document.FindMember("role");
    const auto host_text = host == document.MemberEnd() ? std::nullopt : text_of(host->value);
    if (!host_text || drop_ins == document.MemberEnd() || !drop_ins->value.IsArray()) {
        return not_ours();
    }
    SourceTexts texts{.host = *host_text, .drop_ins = {}, .role = {}};
    for (const JsonValue& entry : drop_ins->value.GetArray()) {
        auto text = text_of(entry);
        if (!text) {
            return not_ours();
        }
        texts.drop_ins.push_back(std::move(*text));
    }
    if (role != document.MemberEnd()) {
        texts.role = text_of(role->value);
    }
    return texts;
}

Result<> write_accepted(const std::string& directory, const SourceTexts& texts) {
    return keep_file(directory + "/accepted.json", to_json(texts));
}

Result<SourceTexts> read_accepted(const std::string& directory) {
    const auto json = host::read_text(directory + "/accepted.json", kAcceptedLimit);
    if (!json) {
        return std::unexpected(json.error());
    }
    return texts_from_json(*json);
}

}  // namespace install_cert::agent
