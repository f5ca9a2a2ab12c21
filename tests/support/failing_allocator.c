// SPDX-License-Identifier: Apache-2.0
// Preloaded into a program, lets its N-th allocation (or all from the N-th on) fail:
// FAIL_ALLOCATION=N,once or N,forever. To ALLOCATION_STACKS=FILE it appends a line for the stack
// from which the N-th was asked for; where none is to fail, a line for each one of the first
// process. Stacks are alike when the innermost STACK_DEPTH calls are, wherever the libraries lie
// in memory. To ALLOCATION_CRASH=FILE it writes, when the program crashes, the calls into libraries
// that it was in: "libcrypto.so.3:EVP_MD_fetch", the innermost first.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>
#include <unwind.h>

// glibc's own, under the names that it keeps for allocators like this one.
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t number, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

enum { kMost = 1 << 17 };

static unsigned long when;  // 0: never
static int forever;
static long depth;
static unsigned long allocations;
static const char* stacks_file;
static const char* crash_file;
static uint64_t stacks[kMost];
static pid_t first_process;

struct Walk {
    const void* ours;  // where this library begins
    int depth;
    uint64_t stack;
};

static _Unwind_Reason_Code visit(struct _Unwind_Context* context, void* data) {
    struct Walk* walk = data;
    const uintptr_t address = _Unwind_GetIP(context);
    struct dl_find_object object;
    if (_dl_find_object((void*)address, &object) != 0 || object.dlfo_map_start == walk->ours) {
        return _URC_NO_REASON;
    }
    const uint64_t size = (uint64_t)((char*)object.dlfo_map_end - (char*)object.dlfo_map_start);
    const uint64_t call = (address - (uintptr_t)object.dlfo_map_start) ^ (size << 32);
    walk->stack = (walk->stack ^ call) * UINT64_C(0x9E3779B97F4A7C15);
    walk->stack ^= walk->stack >> 29;
    return ++walk->depth < depth ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static const void* object_of(uintptr_t address) {
    struct dl_find_object object;
    return _dl_find_object((void*)address, &object) == 0 ? object.dlfo_map_start : NULL;
}

static uint64_t stack_of_caller(void) {
    struct Walk walk = {object_of((uintptr_t)visit), 0, 1};
    (void)_Unwind_Backtrace(visit, &walk);
    return walk.stack;
}

static void tell(const uint64_t* told, size_t count) {
    char line[24];
    const int file = open(stacks_file, O_WRONLY | O_APPEND | O_CLOEXEC);
    for (size_t i = 0; file >= 0 && i < count; ++i) {
        (void)!write(
            file, line, (size_t)snprintf(line, sizeof line, "%016jx\n", (uintmax_t)told[i]));
    }
    (void)close(file);
}

static _Unwind_Reason_Code tell_library(struct _Unwind_Context* context, void* data) {
    const int file = *(const int*)data;
    const uintptr_t address = _Unwind_GetIP(context);
    const void* object = object_of(address);
    if (object == object_of((uintptr_t)tell_library)) {
        return _URC_NO_REASON;
    }
    if (object == NULL || object == object_of(getauxval(AT_PHDR))) {
        return _URC_END_OF_STACK;  // the program
    }
    Dl_info call = {0};
    char line[256];
    (void)dladdr((void*)address, &call);
    const char* library = call.dli_fname != NULL ? strrchr(call.dli_fname, '/') : NULL;
    (void)snprintf(line,
                   sizeof line,
                   "%s:%s\n",
                   library != NULL ? library + 1 : "",
                   call.dli_sname != NULL ? call.dli_sname : "");
    (void)!write(file, line, strlen(line));
    return _URC_NO_REASON;
}

static void tell_crash(int signal) {
    int file = open(crash_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    (void)_Unwind_Backtrace(tell_library, &file);
    (void)close(file);
    (void)raise(signal);
}

static void await_crash(void) {
    const struct sigaction crash = {.sa_handler = tell_crash, .sa_flags = (int)SA_RESETHAND};
    (void)sigaction(SIGABRT, &crash, NULL);
    (void)sigaction(SIGSEGV, &crash, NULL);
}

__attribute__((constructor)) static void read_wish(void) {
    const char* wish = getenv("FAIL_ALLOCATION");
    stacks_file = getenv("ALLOCATION_STACKS");
    crash_file = getenv("ALLOCATION_CRASH");
    if (crash_file != NULL) {
        await_crash();
    }
    const char* wished_depth = getenv("STACK_DEPTH");
    depth = wished_depth != NULL ? strtol(wished_depth, NULL, 10) : 1;
    if (wish != NULL) {
        char* end = NULL;
        when = strtoul(wish, &end, 10);
        forever = strcmp(end, ",forever") == 0;
    }
    first_process = getpid();
    allocations = 0;
}

__attribute__((destructor)) static void tell_all(void) {
    if (stacks_file != NULL && when == 0 && getpid() == first_process) {
        tell(stacks, allocations < kMost ? allocations : kMost);
    }
}

static int fails(void) {
    if (stacks_file == NULL) {
        return 0;
    }
    ++allocations;
    if (when == 0 && allocations <= kMost) {
        stacks[allocations - 1] = stack_of_caller();
    }
    if (when == 0 || allocations < when || (allocations > when && !forever)) {
        return 0;
    }
    if (allocations == when) {
        const uint64_t stack = stack_of_caller();
        tell(&stack, 1);
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
