// SPDX-License-Identifier: Apache-2.0
#include "agent/record/recorded.h"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "agent/record/small_file.h"
#include "foundation/json_memory.h"
#include "host/files.h"
#include "role/read_files.h"
#include "role/section.h"

namespace install_cert::agent {
namespace {

using Writer = PrettyJsonWriter;

struct NamedFile {
    const char* key;
    std::optional<role::File> role::Files::* member;
};

constexpr std::array<NamedFile, 4> kFiles{{{"ca", &role::Files::ca},
                                           {"certificate", &role::Files::certificate},
                                           {"key", &role::Files::key},
                                           {"response", &role::Files::response}}};

void put(Writer& writer, const char* key, const std::string& value) {
    writer.Key(key);
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void put(Writer& writer, const role::CertificateSpec& spec) {
    writer.StartObject();
    put(writer, "name", spec.name);
    put(writer, "directory", spec.directory);
    writer.Key("uid");
    writer.Uint(spec.ownership.uid);
    writer.Key("gid");
    writer.Uint(spec.ownership.gid);
    for (const NamedFile& file : kFiles) {
        if (const auto& named = spec.files.*file.member) {
            put(writer, file.key, named->name);
        }
    }
    writer.EndObject();
}

std::optional<std::string> text(const JsonValue& object, const char* key) {
    const auto member = object.FindMember(key);
    if (member == object.MemberEnd() || !member->value.IsString()) {
        return std::nullopt;
    }
    return std::string(member->value.GetString(), member->value.GetStringLength());
}

// root's where an older version wrote none; -1 is what chown(2) takes for "unchanged".
std::optional<std::uint32_t> id(const JsonValue& object, const char* key) {
    const auto member = object.FindMember(key);
    if (member == object.MemberEnd()) {
        return 0;
    }
    const bool is_id = member->value.IsUint() &&
                       member->value.GetUint() != std::numeric_limits<std::uint32_t>::max();
    return is_id ? std::optional(member->value.GetUint()) : std::nullopt;
}

std::optional<role::CertificateSpec> spec_of(const JsonValue& value) {
    const auto name = value.IsObject() ? text(value, "name") : std::nullopt;
    const auto directory = value.IsObject() ? text(value, "directory") : std::nullopt;
    if (!name || !directory || !role::fault_of_file_name(*name).empty() ||
        role::clean_path(*directory) != directory) {
        return std::nullopt;
    }
    const auto uid = id(value, "uid");
    const auto gid = id(value, "gid");
    if (!uid || !gid) {
        return std::nullopt;
    }
    role::CertificateSpec spec;
    spec.name = *name;
    spec.directory = *directory;
    spec.ownership = {.uid = *uid, .gid = *gid};
    for (const NamedFile& file : kFiles) {
        if (const auto file_name = text(value, file.key)) {
            if (!role::fault_of_file_name(*file_name).empty()) {
                return std::nullopt;
            }
            spec.files.*file.member = role::File{.name = *file_name, .mode = 0};
        }
    }
    return spec;
}

std::string path_in(const std::string& directory) {
    return directory + "/recorded.json";
}

}  // namespace

std::string recorded_json(const role::Role& role) {
    JsonBuffer buffer;
    Writer writer(buffer);
    writer.SetIndent(' ', 1);
    writer.StartArray();
    for (const role::CertificateSpec& spec : role.certificates) {
        put(writer, spec);
    }
    writer.EndArray();
    return buffer.GetString();
}

Result<role::Role> recorded_role(std::string_view json) {
    JsonDocument document;
    document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
    if (document.HasParseError() || !document.IsArray() || document.Empty()) {
        return fail(Failure::io, "recorded.json: not written by this program");
    }
    role::Role role;
    for (const JsonValue& value : document.GetArray()) {
        auto spec = spec_of(value);
        if (!spec) {
            return fail(Failure::io, "recorded.json: not written by this program");
        }
        role.certificates.push_back(std::move(*spec));
    }
    return role;
}

Result<> write_recorded(const std::string& directory, const role::Role& role) {
    return keep_file(path_in(directory), recorded_json(role));
}

Result<role::Role> read_recorded(const std::string& directory) {
    const auto json = host::read_text(path_in(directory));
    if (!json) {
        return std::unexpected(json.error());
    }
    return recorded_role(*json);
}

}  // namespace install_cert::agent
