// SPDX-License-Identifier: Apache-2.0
// Reads a system call's arguments out of the process that makes it. A path is reported as the absolute
// one that its descriptor has at this moment.
#define _GNU_SOURCE
#include "fs_change.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

typedef unsigned long long word;

// Where the arguments lie: of a descriptor, of a path, or of a directory and a name in it.
enum shape { by_fd, by_path, by_name, two_paths, two_names, link_path, link_name };

static const struct known {
    long number;
    const char* verb;
    enum shape shape;
} kKnown[] = {
    {__NR_write, "write", by_fd},
    {__NR_pwrite64, "pwrite", by_fd},
    {__NR_writev, "writev", by_fd},
    {__NR_ftruncate, "truncate", by_fd},
    {__NR_fallocate, "allocate", by_fd},
    {__NR_fchmod, "chmod", by_fd},
    {__NR_fchown, "chown", by_fd},
    {__NR_fsetxattr, "setxattr", by_fd},
    {__NR_fremovexattr, "removexattr", by_fd},
    {__NR_fsync, "fsync", by_fd},
    {__NR_fdatasync, "fsync", by_fd},
    {__NR_syncfs, "syncfs", by_fd},
    {__NR_openat, "create", by_name},
    {__NR_mkdirat, "mkdir", by_name},
    {__NR_unlinkat, "unlink", by_name},
    {__NR_fchmodat, "chmodat", by_name},
    {__NR_fchownat, "chownat", by_name},
    {__NR_utimensat, "utimens", by_name},
    {__NR_renameat2, "rename", two_names},
    {__NR_linkat, "link", two_names},
    {__NR_symlinkat, "symlink", link_name},
#ifdef __NR_renameat
    {__NR_renameat, "rename", two_names},
#endif
#ifdef __NR_open  // not on newer architectures
    {__NR_open, "create", by_path},
    {__NR_mkdir, "mkdir", by_path},
    {__NR_rmdir, "unlink", by_path},
    {__NR_unlink, "unlink", by_path},
    {__NR_chmod, "chmodat", by_path},
    {__NR_chown, "chownat", by_path},
    {__NR_rename, "rename", two_paths},
    {__NR_link, "link", two_paths},
    {__NR_symlink, "symlink", link_path},
#endif
};
enum { kCount = sizeof kKnown / sizeof *kKnown };

long changing_call(size_t index) {
    return index < kCount ? kKnown[index].number : -1;
}

size_t read_memory(pid_t pid, word address, void* buffer, size_t size) {
    struct iovec here = {buffer, size};
    struct iovec there = {(void*)(size_t)address, size};
    const ssize_t got = process_vm_readv(pid, &here, 1, &there, 1, 0);
    return got < 0 ? 0 : (size_t)got;
}

// Page by page, since the page behind a string may not be there.
static void read_text(pid_t pid, word address, char* text) {
    size_t filled = 0;
    while (filled < PATH_MAX - 1) {
        size_t step = 4096 - (size_t)((address + filled) % 4096);
        if (step > PATH_MAX - 1 - filled) {
            step = PATH_MAX - 1 - filled;
        }
        const size_t got = read_memory(pid, address + filled, text + filled, step);
        if (got == 0 || memchr(text + filled, 0, got)) {
            filled += got;
            break;
        }
        filled += got;
    }
    text[filled] = 0;
}

static void path_of_fd(pid_t pid, int fd, char* path) {
    char link[64];
    if (fd == AT_FDCWD) {
        (void)snprintf(link, sizeof link, "/proc/%d/cwd", pid);
    } else {
        (void)snprintf(link, sizeof link, "/proc/%d/fd/%d", pid, fd);
    }
    const ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
}

static void path_of_name(pid_t pid, int fd, word name, char* path) {
    char text[PATH_MAX];
    read_text(pid, name, text);
    if (text[0] == '/') {
        (void)strcpy(path, text);
        return;
    }
    path_of_fd(pid, fd, path);
    const size_t length = strlen(path);
    (void)snprintf(path + length, PATH_MAX - length, "/%s", text);
}

static int is_below(const char* path, const char* top) {
    const size_t length = strlen(top);
    return strncmp(path, top, length) == 0 && (path[length] == '/' || path[length] == 0);
}

// What was written, as hexadecimal digits.
static void append_bytes(pid_t pid, word address, word size, char* line) {
    static unsigned char bytes[(kLineSize - PATH_MAX) / 2 - 64];
    char* end = line + strlen(line);
    const size_t got = read_memory(pid, address, bytes, size < sizeof bytes ? size : sizeof bytes);
    for (size_t i = 0; i < got; ++i) {
        end += sprintf(end, "%02x", bytes[i]);
    }
}

static int describe_fd(pid_t pid, const struct known* call, const word* args, const char* top, char* line) {
    char path[PATH_MAX];
    if (args[0] == STDOUT_FILENO && strcmp(call->verb, "write") == 0) {
        (void)strcpy(line, "report\t");
        return 1;
    }
    path_of_fd(pid, (int)args[0], path);
    if (!is_below(path, top)) {
        return 0;
    }
    const int written = sprintf(line, "%s\t%s\t", call->verb, path);
    if (strcmp(call->verb, "write") == 0) {
        append_bytes(pid, args[1], args[2], line);
    } else {
        (void)sprintf(line + written, "%llo\t%llu\t%llu", args[1], args[1], args[2]);
    }
    return 1;
}

// One path: what an open changes depends on what is there.
static int describe_path(const struct known* call, const char* path, word flags, const char* top, char* line) {
    const char* verb = call->verb;
    if (!is_below(path, top)) {
        return 0;
    }
    if (strcmp(verb, "create") == 0) {
        struct stat status;
        const int exists = lstat(path, &status) == 0;
        if (!(flags & O_CREAT) || (exists && !(flags & O_TRUNC))) {
            return 0;
        }
        verb = exists ? "empty" : verb;
    }
    (void)sprintf(line, "%s\t%s", verb, path);
    return 1;
}

static int describe_two(const struct known* call, const char* one, const char* other, const char* top, char* line) {
    if (!is_below(other, top)) {
        return 0;
    }
    (void)sprintf(line, "%s\t%s\t%s", call->verb, one, other);
    return 1;
}

int describe_change(pid_t pid, const struct ptrace_syscall_info* info, const char* top, char* line) {
    const word* args = (const word*)info->seccomp.args;
    const struct known* call = kKnown;
    while (call < kKnown + kCount && (word)call->number != info->seccomp.nr) {
        ++call;
    }
    if (call == kKnown + kCount) {
        return 0;
    }
    char one[PATH_MAX];
    char other[PATH_MAX];
    switch (call->shape) {
        case by_fd:
            return describe_fd(pid, call, args, top, line);
        case by_path:
            path_of_name(pid, AT_FDCWD, args[0], one);
            return describe_path(call, one, args[1], top, line);
        case by_name:
            path_of_name(pid, (int)args[0], args[1], one);
            return describe_path(call, one, args[2], top, line);
        case two_paths:
            path_of_name(pid, AT_FDCWD, args[0], one);
            path_of_name(pid, AT_FDCWD, args[1], other);
            return describe_two(call, one, other, top, line);
        case two_names:
            path_of_name(pid, (int)args[0], args[1], one);
            path_of_name(pid, (int)args[2], args[3], other);
            return describe_two(call, one, other, top, line);
        case link_path:
            read_text(pid, args[0], one);
            path_of_name(pid, AT_FDCWD, args[1], other);
            return describe_two(call, one, other, top, line);
        case link_name:
            read_text(pid, args[0], one);
            path_of_name(pid, (int)args[1], args[2], other);
            return describe_two(call, one, other, top, line);
    }
    return 0;
}
