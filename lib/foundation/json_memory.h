// SPDX-License-Identifier: Apache-2.0
// RapidJSON's types with memory that ends as operator new's where there is none. Its own goes on
// with a null pointer.
#pragma once

#include <cstddef>
#include <cstdlib>

#include <rapidjson/allocators.h>
#include <rapidjson/document.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "foundation/out_of_memory.h"

namespace install_cert {

// RapidJSON's concept "Allocator".
class JsonMemory {
  public:
    static constexpr bool kNeedFree = true;

    [[nodiscard]] void* Malloc(std::size_t size) { return checked(std::malloc(size), size); }

    [[nodiscard]] void* Realloc(void* memory, std::size_t /*had*/, std::size_t size) {
        if (size == 0) {
            std::free(memory);
            return nullptr;
        }
        return checked(std::realloc(memory, size), size);
    }

    static void Free(void* memory) { std::free(memory); }

  private:
    static void* checked(void* memory, std::size_t size) {
        if (memory == nullptr && size != 0) {
            out_of_memory();
        }
        return memory;
    }
};

using JsonPool = rapidjson::MemoryPoolAllocator<JsonMemory>;
using JsonValue = rapidjson::GenericValue<rapidjson::UTF8<>, JsonPool>;
using JsonDocument = rapidjson::GenericDocument<rapidjson::UTF8<>, JsonPool, JsonMemory>;
using JsonBuffer = rapidjson::GenericStringBuffer<rapidjson::UTF8<>, JsonMemory>;

template <class Stream>
using JsonWriter = rapidjson::Writer<Stream, rapidjson::UTF8<>, rapidjson::UTF8<>, JsonMemory>;
using PrettyJsonWriter =
    rapidjson::PrettyWriter<JsonBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>, JsonMemory>;

}  // namespace install_cert
