// SPDX-License-Identifier: Apache-2.0
#include "installation/manifest.h"

#include <array>
#include <utility>

#include "foundation/json_memory.h"
#include "foundation/text.h"
#include "role/read_files.h"

namespace install_cert::installation {
namespace {

constexpr int kVersion = 1;
constexpr std::size_t kMostCertificates = 64;
// Iterative: recursion would let a deeply nested file exhaust the stack.
constexpr unsigned kParseFlags =
    rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;

using Value = JsonValue;
using Writer = PrettyJsonWriter;

// One place for the keys of "files", in the order in which they are written.
template <class Names>
auto each_file(Names& names) {
    return std::array{std::pair{"ca", &names.ca},
                      std::pair{"certificate", &names.certificate},
                      std::pair{"key", &names.key},
                      std::pair{"response", &names.response}};
}

void put(Writer& writer, const char* key, const std::string& text) {
    writer.Key(key);
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

std::unexpected<Error> malformed(const std::string& what) {
    return fail(Failure::io, what);
}

// The first failure wins; what is read after it is of no consequence.
class Reader {
  public:
    std::string text(const Value& object, const char* key) {
        const auto member = object.FindMember(key);
        if (member == object.MemberEnd() || !member->value.IsString()) {
            reject("'" + std::string(key) + "' is missing or no text");
            return {};
        }
        return {member->value.GetString(), member->value.GetStringLength()};
    }

    WallTime time(const Value& object, const char* key) {
        const auto time = parse_rfc3339(text(object, key));
        if (!time) {
            reject("'" + std::string(key) + "' is no RFC 3339 time");
        }
        return time.value_or(WallTime{});
    }

    // The members of a list, or nothing of one that is missing, no list, or too long.
    std::span<const Value> list(const Value& object, const char* key) {
        const auto member = object.FindMember(key);
        if (member == object.MemberEnd() || !member->value.IsArray() ||
            member->value.Size() > kMostCertificates) {
            reject("'" + std::string(key) + "' is missing, no list, or too long");
            return {};
        }
        return {member->value.Begin(), member->value.Size()};
    }

    FileNames files(const Value& object) {
        FileNames names;
        const auto member = object.FindMember("files");
        if (member == object.MemberEnd() || !member->value.IsObject()) {
            reject("'files' is missing or no object");
            return names;
        }
        for (const auto& [key, name] : each_file(names)) {
            if (member->value.HasMember(key)) {
                *name = text(member->value, key);
                if (!role::fault_of_file_name(**name).empty()) {
                    reject("'" + std::string(key) + "' is no name of a file");
                }
            }
        }
        return names;
    }

    void reject(std::string why) {
        if (why_.empty()) {
            why_ = std::move(why);
        }
    }

    [[nodiscard]] const std::string& why() const { return why_; }

  private:
    std::string why_;
};

Manifest read(const Value& object, Reader& reader) {
    Manifest manifest{.name = reader.text(object, "name"),
                      .provenance = {.request_digest = reader.text(object, "request_digest"),
                                     .received = reader.time(object, "received"),
                                     .boot_id = reader.text(object, "boot_id")},
                      .leaf = reader.text(object, "leaf"),
                      .intermediates = {},
                      .trust = {},
                      .files = reader.files(object)};
    for (const Value& certificate : reader.list(object, "intermediates")) {
        if (!certificate.IsString()) {
            reader.reject("'intermediates' holds something that is no text");
            break;
        }
        manifest.intermediates.emplace_back(certificate.GetString(), certificate.GetStringLength());
    }
    for (const Value& authority : reader.list(object, "trust")) {
        if (!authority.IsObject()) {
            reader.reject("'trust' holds something that is no object");
            break;
        }
        manifest.trust.push_back({.certificate = reader.text(authority, "certificate"),
                                  .last_seen = reader.time(authority, "last_seen")});
    }
    return manifest;
}

}  // namespace

std::string to_json(const Manifest& manifest) {
    JsonBuffer buffer;
    Writer writer(buffer);
    writer.SetIndent(' ', 1);
    writer.StartObject();
    writer.Key("version");
    writer.Int(kVersion);
    put(writer, "name", manifest.name);
    put(writer, "request_digest", manifest.provenance.request_digest);
    put(writer, "received", to_rfc3339(manifest.provenance.received));
    put(writer, "boot_id", manifest.provenance.boot_id);
    writer.Key("files");
    writer.StartObject();
    for (const auto& [key, name] : each_file(manifest.files)) {
        if (name->has_value()) {
            put(writer, key, **name);
        }
    }
    writer.EndObject();
    put(writer, "leaf", manifest.leaf);
    writer.Key("intermediates");
    writer.StartArray();
    for (const std::string& certificate : manifest.intermediates) {
        writer.String(certificate.data(), static_cast<rapidjson::SizeType>(certificate.size()));
    }
    writer.EndArray();
    writer.Key("trust");
    writer.StartArray();
    for (const Manifest::Authority& authority : manifest.trust) {
        writer.StartObject();
        put(writer, "last_seen", to_rfc3339(authority.last_seen));
        put(writer, "certificate", authority.certificate);
        writer.EndObject();
    }
    writer.EndArray();
    writer.EndObject();
    return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

Result<Manifest> parse_manifest(std::string_view json) {
    if (json.size() > kManifestLimit) {
        return malformed("more than 1 MiB");
    }
    JsonDocument document;
    document.Parse<kParseFlags>(json.data(), json.size());
    if (document.HasParseError()) {
        return malformed("no JSON at byte " + std::to_string(document.GetErrorOffset()));
    }
    if (!document.IsObject()) {
        return malformed("no JSON object");
    }
    const auto version = document.FindMember("version");
    if (version == document.MemberEnd() || !version->value.IsInt() ||
        version->value.GetInt() != kVersion) {
        return malformed("not of format version " + std::to_string(kVersion));
    }
    Reader reader;
    Manifest manifest = read(document, reader);
    if (!reader.why().empty()) {
        return malformed(reader.why());
    }
    return manifest;
}

}  // namespace install_cert::installation
