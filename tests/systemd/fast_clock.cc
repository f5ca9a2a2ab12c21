// SPDX-License-Identifier: Apache-2.0
// For LD_PRELOAD: a wall clock that runs FACTOR times as fast since ANCHOR (seconds since 1970), in
// every process that finds FAST_CLOCK="ANCHOR FACTOR" in its environment. A container cannot set
// its clock, and libfaketime's speed-up begins anew in each process. Intervals (monotonic, since
// boot) stay true, so that time-outs of connections do too; FAST_CLOCK="ANCHOR FACTOR boot" makes
// the time since boot as fast, from a process's first look at it on.
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

struct Speed {
    std::int64_t anchor = 0;
    std::int64_t factor = 1;
    bool since_boot = false;
};

const Speed& speed() {
    static const Speed value = [] {
        Speed read;
        if (const char* text = std::getenv("FAST_CLOCK")) {
            char* rest = nullptr;
            read.anchor = std::strtoll(text, &rest, 10) * kSecond;
            read.factor = std::max(1LL, std::strtoll(rest, &rest, 10));
            read.since_boot = std::string_view(rest) == " boot";
        }
        return read;
    }();
    return value;
}

std::int64_t to_nanoseconds(const timespec& time) {
    return (time.tv_sec * kSecond) + time.tv_nsec;
}

timespec to_timespec(std::int64_t nanoseconds) {
    return {.tv_sec = nanoseconds / kSecond, .tv_nsec = nanoseconds % kSecond};
}

timespec faster(const timespec& real, std::int64_t anchor) {
    return to_timespec(anchor + ((to_nanoseconds(real) - anchor) * speed().factor));
}

timespec real(const timespec& fast) {
    return to_timespec(speed().anchor + ((to_nanoseconds(fast) - speed().anchor) / speed().factor));
}

}  // namespace

// The C library's own names for the parameters are reserved for it; syscall(2) is the way past it.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name,cppcoreguidelines-pro-type-vararg)
extern "C" {

[[gnu::visibility("default")]] int clock_gettime(clockid_t clock, timespec* time) noexcept {
    const auto result = static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
    if (result == 0 && clock == CLOCK_REALTIME) {
        *time = faster(*time, speed().anchor);
    } else if (result == 0 && clock == CLOCK_BOOTTIME && speed().since_boot) {
        static const std::int64_t first_look = to_nanoseconds(*time);
        *time = faster(*time, first_look);
    }
    return result;
}

[[gnu::visibility("default")]] int clock_nanosleep(clockid_t clock,
                                                   int flags,
                                                   const timespec* wanted,
                                                   timespec* rest) {
    const bool moment = clock == CLOCK_REALTIME && (flags & TIMER_ABSTIME) != 0;
    const timespec until = moment ? real(*wanted) : *wanted;
    return ::syscall(SYS_clock_nanosleep, clock, flags, &until, rest) == 0 ? 0 : errno;
}

// The only absolute timer of the program is one of the wall clock.
[[gnu::visibility("default")]] int timerfd_settime(int fd,
                                                   int flags,
                                                   const itimerspec* wanted,
                                                   itimerspec* before) noexcept {
    itimerspec set = *wanted;
    if ((flags & TFD_TIMER_ABSTIME) != 0) {
        set.it_value = real(set.it_value);
    }
    return static_cast<int>(::syscall(SYS_timerfd_settime, fd, flags, &set, before));
}
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name,cppcoreguidelines-pro-type-vararg)
