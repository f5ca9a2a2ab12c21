// SPDX-License-Identifier: Apache-2.0
// Which machine this is, and which of its boots.
#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "foundation/result.h"
#include "foundation/text.h"
#include "host/facts.h"
#include "host/files.h"

namespace install_cert::host {
namespace {

constexpr std::size_t kIdLimit = 4096;
constexpr std::size_t kMachineIdSize = 32;
constexpr std::size_t kUuidSize = 36;

bool is_id(std::string_view text) {
    return text.find_first_not_of("0123456789abcdefABCDEF-") == std::string_view::npos;
}

// Clock ticks from the kernel's start to the start of a process (field 22 of proc(5) stat). The
// name in field 2 may hold spaces and parentheses: fields are counted from its end.
Result<std::string> start_of_process(const std::string& stat_file) {
    const auto stat = read_text(stat_file, kIdLimit);
    if (!stat) {
        return std::unexpected(stat.error());
    }
    const auto name_end = stat->rfind(')');
    if (name_end == std::string::npos) {
        return fail(Failure::io, stat_file + ": not what proc(5) says");
    }
    const auto fields = split(trim(std::string_view(*stat).substr(name_end + 1)), ' ');
    constexpr std::size_t kStartTime = 22 - 3;  // the first field after the name is the third
    if (fields.size() <= kStartTime) {
        return fail(Failure::io, stat_file + ": not what proc(5) says");
    }
    return fields[kStartTime];
}

}  // namespace

Result<std::string> machine_id(const std::string& file) {
    const auto text = read_text(file, kIdLimit);
    if (!text) {
        return std::unexpected(text.error());
    }
    const auto id = trim(*text);
    // "uninitialized" and an empty file are what a first boot begins with (machine-id(5)).
    if (id.size() != kMachineIdSize || !is_id(id)) {
        return fail(Failure::not_yet, file + ": holds no machine id (yet)");
    }
    return to_lower(id);
}

Result<std::string> boot_id(const std::string& file,
                            const std::string& init_stat_file,
                            const std::string& container_file) {
    // systemd-nspawn lays a boot id of the container's over the kernel's; a sandboxed service with
    // a /proc of its own (ProtectKernelTunables= and others) sees the kernel's, which outlives the
    // container. Inside and outside of the sandbox must agree.
    const bool in_container = ::access(container_file.c_str(), F_OK) == 0;
    if (const auto text = read_text(file, kIdLimit); text && !in_container) {
        const auto id = trim(*text);
        if (id.size() == kUuidSize && is_id(id)) {
            return to_lower(id);
        }
    }
    // Not with the boot's wall-clock time (btime of /proc/stat) in it: that moves whenever the
    // clock is stepped, and each step would look like a boot.
    const auto start = start_of_process(init_stat_file);
    if (!start) {
        return while_doing("telling this boot from others without " + file, start.error());
    }
    return "init-" + *start;
}

}  // namespace install_cert::host
