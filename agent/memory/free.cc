// SPDX-License-Identifier: Apache-2.0
// free(3) and realloc(3) of the whole process, overwriting what is given back. Secret wipes our own
// copies; but TLS records, HTTP/2's header tables and parsers' buffers hold tokens and keys too,
// and their libraries give the memory back as it is.
#include <malloc.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "foundation/secret.h"

extern "C" {

// glibc's own, under the name that it keeps for allocators like this one.
void __libc_free(void* memory);  // NOLINT(bugprone-reserved-identifier)

void free(void* memory) noexcept {
    if (memory == nullptr) {
        return;
    }
    const int error = errno;  // free(3) keeps it
    install_cert::wipe_memory(memory, ::malloc_usable_size(memory));
    __libc_free(memory);
    errno = error;
}

// glibc's would leave the old bytes behind where it moves or shrinks them.
void* realloc(void* memory, std::size_t size) noexcept {
    if (memory == nullptr) {
        return std::malloc(size);
    }
    if (size == 0) {
        std::free(memory);
        return nullptr;
    }
    const std::size_t present = ::malloc_usable_size(memory);
    if (size <= present) {
        install_cert::wipe_memory(static_cast<char*>(memory) + size, present - size);
        return memory;
    }
    void* const moved = std::malloc(size);
    if (moved != nullptr) {
        std::memcpy(moved, memory, present);
        std::free(memory);
    }
    return moved;
}

}  // extern "C"
