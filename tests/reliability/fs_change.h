// SPDX-License-Identifier: Apache-2.0
// Which system calls of a traced process change files below a directory, and what each one changes.
#pragma once

#include <linux/ptrace.h>
#include <stddef.h>
#include <sys/types.h>

enum { kLineSize = 1 << 18 };

// The numbers of the calls that are looked at, for a filter; -1 behind the last one.
long changing_call(size_t index);

// At the entry of a call: writes into `line` (kLineSize bytes) what it will have done when it succeeds,
//   VERB TAB PATH [TAB ARGUMENT]...
// and returns 1; 0 when it changes nothing below `top`. Standard output counts, as "report".
int describe_change(pid_t pid, const struct ptrace_syscall_info* info, const char* top, char* line);

// For other calls: at most `size` bytes of the process's memory.
size_t read_memory(pid_t pid, unsigned long long address, void* buffer, size_t size);
