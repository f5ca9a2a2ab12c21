// SPDX-License-Identifier: Apache-2.0
// Small parsers: durations, times, addresses, names; and what makes other people's bytes printable.
#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/promise.h"
#include "fuzz/wanted.h"
#include "installation/generation_name.h"
#include "role/address.h"
#include "vault/http_fields.h"
#include "x509/names.h"

using namespace install_cert;

namespace {

void read_times(std::string_view text) {
    if (const auto duration = parse_duration(text)) {
        fuzz::promise(duration->count() >= 0 && *duration <= std::chrono::years{100},
                      "a duration is between nothing and a century");
        fuzz::promise_message(to_human(*duration));
    }
    if (const auto time = parse_rfc3339(text)) {
        fuzz::promise(parse_rfc3339(to_rfc3339(*time)) == time, "a time is read as it was written");
    }
}

void print(std::string_view bytes) {
    for (const std::size_t limit :
         {std::size_t{0}, std::size_t{2}, std::size_t{20}, std::size_t{200}}) {
        const std::string text = printable(bytes, limit);
        fuzz::promise(text.size() <= limit && fuzz::is_clean_line(text),
                      "what is printable is bounded and clean");
    }
    constexpr std::array<std::string_view, 3> known{"certificates", "common_name", "renewal"};
    (void)nearest(bytes.substr(0, 200), known);
}

void read_generation_name(std::string_view name) {
    if (installation::is_generation_name(name)) {
        fuzz::promise_file_name(name);
        fuzz::promise(!name.contains('.') && name.size() <= 29, "a generation's name is one");
    }
}

void read_address(std::string_view text) {
    const auto address = role::parse_address(text);
    if (!address) {
        fuzz::promise_error(address.error());
        return;
    }
    const auto origin = vault::parse_origin(address->text);
    fuzz::promise(origin.has_value(), "an address that is accepted can be connected to");
    fuzz::promise(origin->scheme == (address->is_http ? "http" : "https"), "a scheme is one");
}

void read_names(std::string_view text) {
    const std::vector<std::string> names = split(text.substr(0, 1000), ' ');
    const x509::Names all{
        .common_name = names[0], .dns = names, .ip = names, .uri = names, .email = names};
    const auto formed = x509::in_normal_form(all);
    fuzz::promise(x509::in_normal_form(formed) == formed, "a normal form is one");
    for (const auto& list : {x509::Names{.common_name = names[0]},
                             x509::Names{.dns = names},
                             x509::Names{.ip = names},
                             x509::Names{.uri = names},
                             x509::Names{.email = names}}) {
        const auto once = x509::normalized(list);
        if (!once) {
            fuzz::promise_message(once.error().what.substr(0, fuzz::kMessageLimit / 4));
            continue;
        }
        fuzz::promise(x509::normalized(*once).value_or(x509::Names{}) == *once,
                      "names are in their normal form");
    }
}

}  // namespace

FUZZ_TARGET(input) {
    read_times(input);
    print(input);
    read_generation_name(input);
    read_address(input);
    read_names(input);
}
