// SPDX-License-Identifier: Apache-2.0
#include "foundation/secret.h"

#include <string.h>

#include <algorithm>
#include <cstring>

namespace install_cert {

void wipe_memory(void* memory, std::size_t size) {
    if (memory != nullptr) {
        explicit_bzero(memory, size);
    }
}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe();
        std::swap(bytes_, other.bytes_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }
    return *this;
}

void Secret::append(std::string_view bytes) {
    if (bytes.empty()) {
        return;
    }
    if (size_ + bytes.size() > capacity_) {
        reserve(std::max(size_ + bytes.size(), capacity_ * 2));
    }
    std::memcpy(bytes_ + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
    bytes_[size_] = '\0';
}

void Secret::reserve(std::size_t capacity) {
    if (capacity <= capacity_) {
        return;
    }
    char* grown = new char[capacity + 1]();
    if (size_ != 0) {
        std::memcpy(grown, bytes_, size_);
    }
    const std::size_t size = size_;
    wipe();
    bytes_ = grown;
    size_ = size;
    capacity_ = capacity;
}

void Secret::resize(std::size_t size) {
    if (size > size_) {
        reserve(size);
    } else if (bytes_ != nullptr) {
        wipe_memory(bytes_ + size, size_ - size);
    }
    size_ = size;
}

void Secret::wipe() {
    if (bytes_ != nullptr) {
        wipe_memory(bytes_, capacity_);
        delete[] bytes_;
    }
    bytes_ = nullptr;
    size_ = 0;
    capacity_ = 0;
}

}  // namespace install_cert
