// SPDX-License-Identifier: Apache-2.0
#include "installation/generation_name.h"

#include <algorithm>
#include <array>

#include "foundation/text.h"

namespace install_cert::installation {
namespace {

constexpr std::size_t kFingerprintDigits = 8;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

// "20261121T134500Z" from "2026-11-21T13:45:00Z".
std::string compact(WallTime time) {
    std::string text = to_rfc3339(time);
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text;
}

bool is_attempt(std::string_view suffix) {
    return suffix.size() >= 2 && suffix.size() <= 4 && suffix[0] == '-' && suffix[1] != '0' &&
           suffix != "-1" && std::ranges::all_of(suffix.substr(1), is_digit);
}

}  // namespace

std::string home_name(const role::CertificateSpec& spec) {
    return "." + spec.name;
}

std::string generation_name(WallTime written, std::string_view leaf_fingerprint, unsigned attempt) {
    std::string name = compact(written) + "-";
    name += leaf_fingerprint.substr(0, kFingerprintDigits);
    return attempt == 1 ? name : name + "-" + std::to_string(attempt);
}

bool is_generation_name(std::string_view name) {
    constexpr std::string_view shape = "ddddddddTddddddZ-xxxxxxxx";
    if (name.size() < shape.size()) {
        return false;
    }
    const bool shaped =
        std::ranges::equal(name.substr(0, shape.size()), shape, [](char actual, char expected) {
            switch (expected) {
                case 'd':
                    return is_digit(actual);
                case 'x':
                    return is_hex(actual);
                default:
                    return actual == expected;
            }
        });
    const std::string_view suffix = name.substr(shape.size());
    return shaped && (suffix.empty() || is_attempt(suffix));
}

bool is_litter_name(std::string_view name) {
    constexpr std::array litter{kNewCurrent, kNewLink, kNewCopy, kProbe};
    return std::ranges::find(litter, name) != litter.end();
}

std::string link_target(const role::CertificateSpec& spec, std::string_view file) {
    return home_name(spec) + "/" + std::string(kCurrent) + "/" + std::string(file);
}

}  // namespace install_cert::installation
