// SPDX-License-Identifier: Apache-2.0
// JSON that we send, written into memory that is wiped: it can hold a secret id or a JWT.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "foundation/secret.h"

namespace install_cert::vault {

// One object, member by member. What is empty is left out: Vault then takes its own default.
class JsonText {
  public:
    JsonText();
    JsonText(const JsonText&) = delete;
    JsonText& operator=(const JsonText&) = delete;
    JsonText(JsonText&&) = delete;
    JsonText& operator=(JsonText&&) = delete;
    ~JsonText();

    JsonText& add(std::string_view key, std::string_view text);
    JsonText& add(std::string_view key, std::span<const std::string> texts);
    [[nodiscard]] Secret finish();

  private:
    struct Writer;
    std::unique_ptr<Writer> writer_;
};

}  // namespace install_cert::vault
