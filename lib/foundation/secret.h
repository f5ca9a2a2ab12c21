// SPDX-License-Identifier: Apache-2.0
// Bytes that must not outlive their use: a token, a key, Vault's answer.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

namespace install_cert {

// Move-only bytes, overwritten with zeroes when released (also on growth and on move-assignment).
// There is no stream operator and no conversion: `.reveal()` is the only way in, and easy to grep
// for.
class Secret {
  public:
    Secret() = default;

    explicit Secret(std::string_view bytes) { append(bytes); }

    Secret(Secret&& other) noexcept
        : bytes_(std::exchange(other.bytes_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}

    Secret& operator=(Secret&& other) noexcept;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;

    ~Secret() { wipe(); }

    [[nodiscard]] std::string_view reveal() const { return {bytes_, size_}; }

    [[nodiscard]] bool empty() const { return size_ == 0; }

    [[nodiscard]] std::size_t size() const { return size_; }

    [[nodiscard]] Secret clone() const { return Secret(reveal()); }

    void append(std::string_view bytes);
    // Room for `capacity` bytes, so that appends up to it never move the secret.
    void reserve(std::size_t capacity);

    // Writable bytes for a reader that fills them in place (an in-situ parser, read(2)).
    [[nodiscard]] char* data() { return bytes_; }

    // Sets the size to `size` (growing with zeroes, or wiping what falls off).
    void resize(std::size_t size);
    // Overwrites, releases; the secret is empty afterwards.
    void wipe();

  private:
    char* bytes_ = nullptr;  // always followed by a NUL within capacity_ + 1
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

// Overwrites memory in a way the compiler may not drop.
void wipe_memory(void* memory, std::size_t size);

}  // namespace install_cert
