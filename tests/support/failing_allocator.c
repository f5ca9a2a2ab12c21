// SPDX-License-Identifier: Apache-2.0
// Preloaded into a program, lets its N-th allocation (or all from the N-th on) fail:
// FAIL_ALLOCATION=N,once or N,forever. ALLOCATION_COUNT=FILE tells how many there were.
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// glibc's own, under the names that it keeps for allocators like this one.
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t number, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

static unsigned long when;  // 0: never
static int forever;
static unsigned long allocations;

__attribute__((constructor)) static void read_wish(void) {
    const char* wish = getenv("FAIL_ALLOCATION");
    if (wish != NULL) {
        char* end = NULL;
        when = strtoul(wish, &end, 10);
        forever = strcmp(end, ",forever") == 0;
    }
    allocations = 0;
}

__attribute__((destructor)) static void tell_count(void) {
    const char* path = getenv("ALLOCATION_COUNT");
    const unsigned long count = allocations;
    FILE* file = path != NULL ? fopen(path, "we") : NULL;
    if (file != NULL) {
        fprintf(file, "%lu\n", count);
        fclose(file);
    }
}

static int fails(void) {
    ++allocations;
    if (when == 0 || allocations < when || (allocations > when && !forever)) {
        return 0;
    }
    errno = ENOMEM;
    return 1;
}

void* malloc(size_t size) {
    return fails() ? NULL : __libc_malloc(size);
}

void* calloc(size_t number, size_t size) {
    return fails() ? NULL : __libc_calloc(number, size);
}

void* realloc(void* memory, size_t size) {
    return fails() ? NULL : __libc_realloc(memory, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
    return fails() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void** memory, size_t alignment, size_t size) {
    if (fails()) {
        return ENOMEM;
    }
    *memory = __libc_memalign(alignment, size);
    return *memory != NULL ? 0 : ENOMEM;
}
