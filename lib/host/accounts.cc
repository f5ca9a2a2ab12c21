// SPDX-License-Identifier: Apache-2.0
// Users and groups, by name or number.
#include <grp.h>
#include <pwd.h>
#include <sys/types.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "foundation/result.h"
#include "host/facts.h"

namespace install_cert::host {
namespace {

// A group of thousands of members is larger than any buffer that sysconf(3) suggests.
constexpr std::size_t kFirstBuffer = 1024;
constexpr std::size_t kLargestBuffer = std::size_t{1} << 20;

// -1 is what chown(2) takes for "unchanged".
template <class Id>
std::optional<Id> as_number(std::string_view name) {
    Id id{};
    const auto* end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data(), end, id);
    const bool is_id = error == std::errc{} && stop == end && id != std::numeric_limits<Id>::max();
    return is_id ? std::optional(id) : std::nullopt;
}

std::unexpected<Error> unknown(std::string_view kind, std::string_view name) {
    return fail(Failure::not_yet,
                "no " + std::string(kind) + " '" + std::string(name) + "' on this host (yet)");
}

// One of the getXXnam_r(3) family, with a buffer as large as it takes.
template <class Entry, class LookUp>
Result<Entry> look_up(std::string_view kind, std::string_view name, LookUp ask) {
    const std::string terminated(name);
    Entry entry{};
    for (std::size_t size = kFirstBuffer; size <= kLargestBuffer; size *= 2) {
        std::vector<char> buffer(size);
        Entry* found = nullptr;
        int error = EINTR;
        while (error == EINTR) {
            error = ask(terminated.c_str(), &entry, buffer.data(), buffer.size(), &found);
        }
        if (error != ERANGE) {
            return found == nullptr ? Result<Entry>(unknown(kind, name)) : entry;
        }
    }
    return unknown(kind, name);
}

}  // namespace

Result<uid_t> user(std::string_view name) {
    if (const auto number = as_number<uid_t>(name)) {
        return *number;
    }
    const auto entry = look_up<passwd>("user", name, ::getpwnam_r);
    return entry ? Result<uid_t>(entry->pw_uid) : std::unexpected(entry.error());
}

Result<gid_t> group(std::string_view name) {
    if (const auto number = as_number<gid_t>(name)) {
        return *number;
    }
    const auto entry = look_up<::group>("group", name, ::getgrnam_r);
    return entry ? Result<gid_t>(entry->gr_gid) : std::unexpected(entry.error());
}

}  // namespace install_cert::host
