// SPDX-License-Identifier: Apache-2.0
// The system calls that the gates name: which argument is a path, and which is a length to cut
// short.
#pragma once

#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace install_cert::tracer {

inline constexpr int kNoPath = -1;

struct Call {
    std::string_view name;
    std::uint64_t number;
    int path = kNoPath;
};

inline constexpr std::array kCalls{
    Call{"accept4", SYS_accept4},
    Call{"access", SYS_access, 0},
    Call{"bind", SYS_bind},
    Call{"chdir", SYS_chdir, 0},
    Call{"chmod", SYS_chmod, 0},
    Call{"clock_nanosleep", SYS_clock_nanosleep},
    Call{"clone", SYS_clone},
    Call{"clone3", SYS_clone3},
    Call{"close", SYS_close},
    Call{"close_range", SYS_close_range},
    Call{"connect", SYS_connect},
    Call{"copy_file_range", SYS_copy_file_range},
    Call{"dup2", SYS_dup2},
    Call{"dup3", SYS_dup3},
    Call{"epoll_create1", SYS_epoll_create1},
    Call{"epoll_ctl", SYS_epoll_ctl},
    Call{"epoll_wait", SYS_epoll_wait},
    Call{"eventfd2", SYS_eventfd2},
    Call{"execve", SYS_execve, 0},
    Call{"exit_group", SYS_exit_group},
    Call{"fchmod", SYS_fchmod},
    Call{"fchown", SYS_fchown},
    Call{"fcntl", SYS_fcntl},
    Call{"flock", SYS_flock},
    Call{"fork", SYS_fork},
    Call{"fremovexattr", SYS_fremovexattr},
    Call{"fstatfs", SYS_fstatfs},
    Call{"fsync", SYS_fsync},
    Call{"ftruncate", SYS_ftruncate},
    Call{"getdents64", SYS_getdents64},
    Call{"getpeername", SYS_getpeername},
    Call{"getrandom", SYS_getrandom},
    Call{"getsockname", SYS_getsockname},
    Call{"getsockopt", SYS_getsockopt},
    Call{"ioctl", SYS_ioctl},
    Call{"kill", SYS_kill},
    Call{"listen", SYS_listen},
    Call{"lseek", SYS_lseek},
    Call{"mkdir", SYS_mkdir, 0},
    Call{"mkdirat", SYS_mkdirat, 1},
    Call{"newfstatat", SYS_newfstatat, 1},
    Call{"openat", SYS_openat, 1},
    Call{"openat2", SYS_openat2, 1},
    Call{"pidfd_open", SYS_pidfd_open},
    Call{"pipe2", SYS_pipe2},
    Call{"poll", SYS_poll},
    Call{"ppoll", SYS_ppoll},
    Call{"prctl", SYS_prctl},
    Call{"pread64", SYS_pread64},
    Call{"pwrite64", SYS_pwrite64},
    Call{"read", SYS_read},
    Call{"readlink", SYS_readlink, 0},
    Call{"readlinkat", SYS_readlinkat, 1},
    Call{"recvfrom", SYS_recvfrom},
    Call{"recvmsg", SYS_recvmsg},
    Call{"rename", SYS_rename, 0},
    Call{"renameat", SYS_renameat, 1},
    Call{"renameat2", SYS_renameat2, 1},
    Call{"sendmmsg", SYS_sendmmsg},
    Call{"sendmsg", SYS_sendmsg},
    Call{"sendto", SYS_sendto},
    Call{"setsid", SYS_setsid},
    Call{"setsockopt", SYS_setsockopt},
    Call{"shutdown", SYS_shutdown},
    Call{"signalfd4", SYS_signalfd4},
    Call{"socket", SYS_socket},
    Call{"socketpair", SYS_socketpair},
    Call{"statfs", SYS_statfs, 0},
    Call{"statx", SYS_statx, 1},
    Call{"symlinkat", SYS_symlinkat, 2},
    Call{"sync_file_range", SYS_sync_file_range},
    Call{"syncfs", SYS_syncfs},
    Call{"timerfd_create", SYS_timerfd_create},
    Call{"timerfd_settime", SYS_timerfd_settime},
    Call{"unlink", SYS_unlink, 0},
    Call{"unlinkat", SYS_unlinkat, 1},
    Call{"utimensat", SYS_utimensat, 1},
    Call{"vfork", SYS_vfork},
    Call{"wait4", SYS_wait4},
    Call{"waitid", SYS_waitid},
    Call{"write", SYS_write},
    Call{"writev", SYS_writev},
};

// nullptr: one that no gate names.
inline const Call* call_by_number(std::uint64_t number) {
    const auto* const found = std::ranges::find(kCalls, number, &Call::number);
    return found == kCalls.end() ? nullptr : found;
}

inline const Call* call_by_name(std::string_view name) {
    const auto* const found = std::ranges::find(kCalls, name, &Call::name);
    return found == kCalls.end() ? nullptr : found;
}

}  // namespace install_cert::tracer
