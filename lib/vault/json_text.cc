// SPDX-License-Identifier: Apache-2.0
// RapidJSON's writer over a Secret.
#include "vault/json_text.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "foundation/json_memory.h"

namespace install_cert::vault {
namespace {

// Large enough for a request with an RSA 4096 CSR, so that the bytes are written once.
constexpr std::size_t kUsualSize = 4096;

// The output stream that rapidjson::Writer asks for.
class SecretStream {
  public:
    using Ch = char;

    void Put(char c) {
        if (written_ == bytes_.size()) {
            bytes_.resize(std::max(kUsualSize, 2 * bytes_.size()));
        }
        bytes_.data()[written_++] = c;
    }

    void Flush() {}

    Secret take() {
        bytes_.resize(written_);
        return std::move(bytes_);
    }

  private:
    Secret bytes_;
    std::size_t written_ = 0;
};

rapidjson::SizeType length(std::string_view text) {
    return static_cast<rapidjson::SizeType>(text.size());
}

}  // namespace

struct JsonText::Writer {
    SecretStream stream;
    JsonWriter<SecretStream> json{stream};
};

JsonText::JsonText() : writer_(std::make_unique<Writer>()) {
    writer_->json.StartObject();
}

JsonText::~JsonText() = default;

JsonText& JsonText::add(std::string_view key, std::string_view text) {
    if (!text.empty()) {
        writer_->json.Key(key.data(), length(key));
        writer_->json.String(text.data(), length(text));
    }
    return *this;
}

JsonText& JsonText::add(std::string_view key, std::span<const std::string> texts) {
    if (!texts.empty()) {
        writer_->json.Key(key.data(), length(key));
        writer_->json.StartArray();
        for (const std::string& text : texts) {
            writer_->json.String(text.data(), length(text));
        }
        writer_->json.EndArray();
    }
    return *this;
}

Secret JsonText::finish() {
    writer_->json.EndObject();
    return writer_->stream.take();
}

}  // namespace install_cert::vault
