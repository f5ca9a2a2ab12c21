// SPDX-License-Identifier: Apache-2.0
// The allocator given to libcurl.
#include "vault/curl_memory.h"

#include <malloc.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <curl/curl.h>

#include "foundation/secret.h"
#include "vault/curl_library.h"

namespace install_cert::vault {
namespace {

void free_wiped(void* memory) {
    if (memory != nullptr) {
        wipe_memory(memory, malloc_usable_size(memory));
        std::free(memory);
    }
}

// realloc(3) would leave the old bytes behind when it moves them.
void* reallocate_wiped(void* memory, std::size_t size) {
    if (memory == nullptr) {
        return std::malloc(size);
    }
    void* grown = std::malloc(size);
    if (grown != nullptr) {
        std::memcpy(grown, memory, std::min(size, malloc_usable_size(memory)));
        free_wiped(memory);
    }
    return grown;
}

}  // namespace

Result<> start_curl() {
    if (const auto& loaded = load_curl(); !loaded) {
        return std::unexpected(loaded.error());
    }
    // CURL_GLOBAL_SSL alone: the other flags are for Windows.
    static const CURLcode started = curl().global_init_mem(
        CURL_GLOBAL_SSL, std::malloc, free_wiped, reallocate_wiped, strdup, std::calloc);
    if (started != CURLE_OK) {
        return fail(Failure::io,
                    std::string("libcurl does not start: ") + curl().easy_strerror(started));
    }
    return {};
}

}  // namespace install_cert::vault
