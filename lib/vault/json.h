// SPDX-License-Identifier: Apache-2.0
// JSON that a server sent, parsed strictly and read by type: nothing in it can make RapidJSON
// assert, and nothing in it is guessed.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/json_memory.h"
#include "foundation/result.h"
#include "foundation/secret.h"

namespace install_cert::vault {

// The members of one object. A member that is absent or null reads as nullopt or empty; one of the
// wrong type too, and the first such is noted in the Json that the object belongs to.
class JsonObject {
  public:
    [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }

    [[nodiscard]] JsonObject object(std::string_view key) const;
    [[nodiscard]] std::optional<std::string_view> text(std::string_view key) const;
    [[nodiscard]] std::optional<std::int64_t> number(std::string_view key) const;
    // Seconds, as a number or as Vault's text ("720h", "3600").
    [[nodiscard]] std::optional<std::chrono::seconds> duration(std::string_view key) const;
    [[nodiscard]] std::optional<bool> flag(std::string_view key) const;
    [[nodiscard]] std::vector<std::string_view> texts(std::string_view key) const;
    [[nodiscard]] std::vector<std::string_view> keys() const;

  private:
    friend class Json;

    JsonObject(const JsonValue* object, std::string name, std::string* trouble)
        : object_(object), name_(std::move(name)), trouble_(trouble) {}

    [[nodiscard]] const JsonValue* find(std::string_view key) const;
    void complain(std::string_view key, std::string_view wanted) const;

    const JsonValue* object_;  // null: reads as an empty object
    std::string name_;         // "data", for messages
    std::string* trouble_;
};

// A parsed answer. The bytes stay in the Secret that it took, and are wiped with it; texts point
// into them.
class Json {
  public:
    // Failure::rejected unless `bytes` are one JSON object in UTF-8, at most 32 deep, without
    // duplicate keys and without NUL.
    [[nodiscard]] static Result<Json> parse(Secret bytes);

    Json(Json&&) = default;
    Json& operator=(Json&&) = default;
    Json(const Json&) = delete;
    Json& operator=(const Json&) = delete;
    ~Json() = default;

    [[nodiscard]] JsonObject root() const { return {&document_, {}, trouble_.get()}; }

    // Failure::rejected when something that was read had the wrong type: asked once, after reading.
    [[nodiscard]] Result<> sound() const;

  private:
    Json() = default;
    Secret bytes_;
    JsonDocument document_;
    std::unique_ptr<std::string> trouble_ = std::make_unique<std::string>();
};

}  // namespace install_cert::vault
