// SPDX-License-Identifier: Apache-2.0
// Header fields that a server sends: Retry-After, Location, the address it is compared with, and a
// path that we make, a line each.
#include "vault/http_fields.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include "fuzz/promise.h"
#include "fuzz/wanted.h"

using namespace install_cert;

namespace {

void read_times(std::string_view text) {
    if (const auto wait = vault::parse_retry_after(text, fuzz::kNow)) {
        fuzz::promise(wait->count() >= 1 && wait->count() <= 300,
                      "Retry-After is between 1 s and 5 min");
    }
    if (const auto date = vault::parse_http_date(text)) {
        constexpr WallTime last = std::chrono::sys_days{std::chrono::year{10000} / 1 / 1};
        fuzz::promise(*date <= last, "an HTTP date lies in a year of four digits");
    }
}

void follow(std::string_view location, std::string_view address) {
    const auto path = vault::path_at(address, location);
    if (!path) {
        return;
    }
    fuzz::promise(path->starts_with('/'), "a redirect leads to a path");
    fuzz::promise(std::ranges::all_of(*path, [](char c) { return c > ' ' && c < 0x7F; }) &&
                      path->find_first_of("#\\") == std::string::npos,
                  "a redirect's path is a URI's");
}

void read_origin(std::string_view address) {
    const auto origin = vault::parse_origin(address);
    if (!origin) {
        return;
    }
    const auto again =
        vault::parse_origin(origin->scheme + "://" + origin->host + ":" + origin->port);
    fuzz::promise(again == origin, "an origin is one");
    fuzz::promise(origin->host.find_first_of("/@#?\\") == std::string::npos, "a host is one");
}

void make_path(std::string_view part) {
    const std::string path = vault::api_path({part, "issue", part});
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("/%-._~").contains(c);
    };
    fuzz::promise(
        path.starts_with("/v1/") && !path.contains("//") && std::ranges::all_of(path, plain),
        "a path that we make is percent-encoded");
    (void)vault::plain_path({part, "issue", part});
}

}  // namespace

FUZZ_TARGET(input) {
    const auto fields = fuzz::parts(input, "\n", 4);
    read_times(fields[0]);
    follow(fields[1], fields[2]);
    read_origin(fields[2]);
    make_path(fields[3]);
}
