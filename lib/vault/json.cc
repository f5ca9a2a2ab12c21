// SPDX-License-Identifier: Apache-2.0
// Strict parsing on top of RapidJSON's iterative, in-situ reader.
#include "vault/json.h"

#include <algorithm>
#include <cstddef>

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include "foundation/json_memory.h"
#include "foundation/text.h"

namespace install_cert::vault {
namespace {

// Vault's answers are five deep. Whatever is deeper was not written by Vault, and walking it must
// not cost a stack.
constexpr int kDepthLimit = 32;

// The recursive parser dies of a stack overflow at a million brackets; the iterative one does not.
constexpr unsigned kParseFlags = rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag |
                                 rapidjson::kParseValidateEncodingFlag;

// Passes events on to the document and stops the parser at kDepthLimit.
class DepthLimited {
  public:
    explicit DepthLimited(JsonDocument& document) : document_(document) {}

    bool Null() { return document_.Null(); }

    bool Bool(bool value) { return document_.Bool(value); }

    bool Int(int value) { return document_.Int(value); }

    bool Uint(unsigned value) { return document_.Uint(value); }

    bool Int64(std::int64_t value) { return document_.Int64(value); }

    bool Uint64(std::uint64_t value) { return document_.Uint64(value); }

    bool Double(double value) { return document_.Double(value); }

    bool RawNumber(const char* text, rapidjson::SizeType size, bool copy) {
        return document_.RawNumber(text, size, copy);
    }

    bool String(const char* text, rapidjson::SizeType size, bool copy) {
        return document_.String(text, size, copy);
    }

    bool Key(const char* text, rapidjson::SizeType size, bool copy) {
        return document_.Key(text, size, copy);
    }

    bool StartObject() { return ++depth_ <= kDepthLimit && document_.StartObject(); }

    bool EndObject(rapidjson::SizeType members) {
        --depth_;
        return document_.EndObject(members);
    }

    bool StartArray() { return ++depth_ <= kDepthLimit && document_.StartArray(); }

    bool EndArray(rapidjson::SizeType elements) {
        --depth_;
        return document_.EndArray(elements);
    }

  private:
    JsonDocument& document_;
    int depth_ = 0;
};

std::string_view view(const JsonValue& text) {
    return {text.GetString(), text.GetStringLength()};
}

std::optional<std::string> objection(const JsonValue& value);

std::optional<std::string> objection_to_members(const JsonValue& object) {
    std::vector<std::string_view> keys;
    keys.reserve(object.MemberCount());
    for (const auto& member : object.GetObject()) {
        keys.push_back(view(member.name));
        if (auto found = objection(member.name)) {
            return found;
        }
        if (auto found = objection(member.value)) {
            return found;
        }
    }
    std::ranges::sort(keys);
    const auto twice = std::ranges::adjacent_find(keys);
    if (twice != keys.end()) {
        return "the key \"" + printable(*twice, 40) + "\" is there twice";
    }
    return std::nullopt;
}

// What RapidJSON accepts and we do not: of two equal keys, readers disagree which one counts; a NUL
// ends a string for OpenSSL and not for us. Recursion is bounded by kDepthLimit.
std::optional<std::string> objection(const JsonValue& value) {
    if (value.IsString() && view(value).find('\0') != std::string_view::npos) {
        return "a text with a NUL byte";
    }
    if (value.IsObject()) {
        return objection_to_members(value);
    }
    if (value.IsArray()) {
        for (const JsonValue& element : value.GetArray()) {
            if (auto found = objection(element)) {
                return found;
            }
        }
    }
    return std::nullopt;
}

std::string_view kind_of(const JsonValue& value) {
    switch (value.GetType()) {
        case rapidjson::kNullType:
            return "null";
        case rapidjson::kFalseType:
        case rapidjson::kTrueType:
            return "a boolean";
        case rapidjson::kObjectType:
            return "an object";
        case rapidjson::kArrayType:
            return "a list";
        case rapidjson::kStringType:
            return "a text";
        case rapidjson::kNumberType:
            return "a number";
    }
    return "something else";
}

}  // namespace

Result<Json> Json::parse(Secret bytes) {
    Json json;
    json.bytes_ = std::move(bytes);
    if (json.bytes_.empty()) {
        return fail(Failure::rejected, "the answer is empty");
    }
    if (json.bytes_.reveal().find('\0') != std::string_view::npos) {
        return fail(Failure::rejected, "the answer holds a NUL byte");
    }
    rapidjson::InsituStringStream stream(json.bytes_.data());
    rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, JsonMemory> reader;
    const auto generate = [&](JsonDocument& document) {
        DepthLimited handler(document);
        return !reader.Parse<kParseFlags>(stream, handler).IsError();
    };
    json.document_.Populate(generate);
    if (reader.HasParseError()) {
        const bool too_deep = reader.GetParseErrorCode() == rapidjson::kParseErrorTermination;
        return fail(Failure::rejected,
                    too_deep ? std::string("the answer is nested too deeply")
                             : std::string("not JSON: ") +
                                   rapidjson::GetParseError_En(reader.GetParseErrorCode()) +
                                   " (byte " + std::to_string(reader.GetErrorOffset()) + ")");
    }
    if (!json.document_.IsObject()) {
        return fail(Failure::rejected, "the answer is no JSON object");
    }
    if (const auto found = objection(json.document_)) {
        return fail(Failure::rejected, "the answer has " + *found);
    }
    return json;
}

Result<> Json::sound() const {
    if (!trouble_->empty()) {
        return fail(Failure::rejected, *trouble_);
    }
    return {};
}

const JsonValue* JsonObject::find(std::string_view key) const {
    if (object_ == nullptr) {
        return nullptr;
    }
    const JsonValue name(rapidjson::StringRef(key.data(), key.size()));
    const auto member = object_->FindMember(name);
    if (member == object_->MemberEnd() || member->value.IsNull()) {
        return nullptr;
    }
    return &member->value;
}

void JsonObject::complain(std::string_view key, std::string_view wanted) const {
    if (trouble_->empty()) {
        *trouble_ = "the answer's " + name_ + std::string(key) + " is " +
                    std::string(kind_of(*find(key))) + ", not " + std::string(wanted);
    }
}

JsonObject JsonObject::object(std::string_view key) const {
    const JsonValue* value = find(key);
    if (value != nullptr && !value->IsObject()) {
        complain(key, "an object");
        value = nullptr;
    }
    return {value, name_ + std::string(key) + ".", trouble_};
}

std::optional<std::string_view> JsonObject::text(std::string_view key) const {
    const JsonValue* value = find(key);
    if (value != nullptr && !value->IsString()) {
        complain(key, "a text");
        return std::nullopt;
    }
    return value == nullptr ? std::nullopt : std::optional(view(*value));
}

std::optional<std::int64_t> JsonObject::number(std::string_view key) const {
    const JsonValue* value = find(key);
    if (value != nullptr && !value->IsInt64()) {
        complain(key, "a whole number");
        return std::nullopt;
    }
    return value == nullptr ? std::nullopt : std::optional(value->GetInt64());
}

std::optional<std::chrono::seconds> JsonObject::duration(std::string_view key) const {
    constexpr std::int64_t kCentury = 100LL * 366 * 24 * 3600;
    const JsonValue* value = find(key);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (value->IsString()) {
        if (const auto parsed = parse_duration(view(*value))) {
            return parsed;
        }
    } else if (value->IsInt64()) {
        return std::chrono::seconds{std::clamp<std::int64_t>(value->GetInt64(), 0, kCentury)};
    }
    complain(key, "a duration");
    return std::nullopt;
}

std::optional<bool> JsonObject::flag(std::string_view key) const {
    const JsonValue* value = find(key);
    if (value != nullptr && !value->IsBool()) {
        complain(key, "a boolean");
        return std::nullopt;
    }
    return value == nullptr ? std::nullopt : std::optional(value->GetBool());
}

std::vector<std::string_view> JsonObject::texts(std::string_view key) const {
    const JsonValue* value = find(key);
    std::vector<std::string_view> texts;
    if (value == nullptr) {
        return texts;
    }
    if (!value->IsArray()) {
        complain(key, "a list of texts");
        return texts;
    }
    for (const JsonValue& element : value->GetArray()) {
        if (!element.IsString()) {
            complain(key, "a list of texts only");
            return {};
        }
        texts.push_back(view(element));
    }
    return texts;
}

std::vector<std::string_view> JsonObject::keys() const {
    std::vector<std::string_view> keys;
    if (object_ != nullptr) {
        for (const auto& member : object_->GetObject()) {
            keys.push_back(view(member.name));
        }
    }
    return keys;
}

}  // namespace install_cert::vault
