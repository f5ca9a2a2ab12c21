// SPDX-License-Identifier: Apache-2.0
// Statuses and error bodies. Server text is data: escaped, capped, never interpreted.
#include "vault/answer.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "foundation/text.h"

namespace install_cert::vault {
namespace {

constexpr std::size_t kErrorsLimit = 200;
constexpr std::size_t kSnippetLimit = 80;
constexpr std::size_t kWarningsLimit = 8;

// The first bytes of something that is no JSON. What begins like JSON is not shown: it may be
// Vault's answer after all, cut short, with a key in it.
std::string snippet(std::string_view body) {
    const std::string_view text = trim(body);
    if (text.empty() || text.starts_with('{') || text.starts_with('[')) {
        return {};
    }
    // The raw bytes are cut first: a portal's page can be a megabyte.
    return "\"" + one_line(text.substr(0, 4 * kSnippetLimit), kSnippetLimit) + "\"";
}

// Vault's Go library writes one error as "1 error occurred:\n\t* permission denied\n\n".
std::string_view without_count(std::string_view error) {
    constexpr std::string_view kSingle = "1 error occurred:";
    error = trim(error);
    if (error.starts_with(kSingle)) {
        error = trim(error.substr(kSingle.size()));
        error = error.starts_with("* ") ? error.substr(2) : error;
    }
    return error;
}

// Vault's {"errors": [...]}, or the beginning of a proxy's page.
std::string words_of(HttpResponse& response) {
    const std::string page = snippet(response.body.reveal());
    if (!page.empty()) {
        return "not JSON from Vault: " + page;
    }
    const auto json = Json::parse(std::move(response.body));
    if (!json) {
        return {};
    }
    std::string words;
    for (const std::string_view error : json->root().texts("errors")) {
        words += (words.empty() ? "" : "; ") + std::string(without_count(error));
        if (words.size() > kErrorsLimit) {
            break;
        }
    }
    return one_line(words, kErrorsLimit);
}

Failure kind_of(int status) {
    switch (status) {
        case 401:
        case 403:
            return Failure::denied;
        case 408:
        case 412:  // a performance standby that has not caught up
        case 429:
        case 472:
        case 473:
            return Failure::not_yet;
        default:
            return status >= 500 && status <= 599 ? Failure::unavailable : Failure::rejected;
    }
}

std::string_view meaning_of(int status) {
    switch (status) {
        case 404:
            return "nothing is there";
        case 405:
            return "the operation is not supported there";
        case 413:
            return "the request is too large";
        case 429:
            return "too many requests";
        case 501:
            return "Vault is not initialised";
        case 503:
            return "Vault is sealed or unavailable";
        default:
            return {};
    }
}

// What Vault's PKI engine says of requests that no retry will make good.
std::string way_out_of_refusal(std::string_view words) {
    if (words.starts_with("unknown role")) {
        return "create the PKI role: `install-cert policy` prints the command";
    }
    if (words.starts_with("role requires")) {
        return "set key_type and key_bits to what the PKI role asks for";
    }
    if (words.contains("not allowed by this role")) {
        return "ask for names that the PKI role allows, or allow them there (allowed_domains)";
    }
    return {};
}

std::string way_out_of(int status, std::string_view words) {
    switch (status) {
        case 404:
            return "check the mount (`vault secrets list`) and the PKI role (`install-cert policy` "
                   "prints the command that creates it)";
        case 405:
            return "check that a PKI engine is mounted there: `vault secrets list`";
        case 501:
            return "initialise it: `vault operator init`";
        case 503:
            return words.contains("sealed") ? "unseal it: `vault operator unseal`" : "";
        default:
            return way_out_of_refusal(words);
    }
}

}  // namespace

std::string one_line(std::string_view words, std::size_t limit) {
    std::string line;
    line.reserve(words.size());
    for (const char c : trim(words)) {
        const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        if (!space) {
            line += c;
        } else if (!line.ends_with(' ')) {
            line += ' ';
        }
    }
    return printable(line, limit);
}

bool concerns_whole_server(int status) {
    return status == 429 || status == 501 || status == 503;
}

Error refusal(std::string_view path, HttpResponse response) {
    std::string words = words_of(response);
    const std::string_view meaning = meaning_of(response.status);
    if (words.empty()) {
        words = meaning.empty() ? "no reason given" : meaning;
    }
    std::string what =
        printable(path) + ": " + words + " (" + std::to_string(response.status) + ")";
    return {.kind = kind_of(response.status),
            .what = std::move(what),
            .way_out = way_out_of(response.status, words),
            .retry_after = response.retry_after,
            // A proxy that lost patience: Vault may have done it all the same.
            .may_have_happened = response.status == 504};
}

Result<Json> json_answer(std::string_view path, HttpResponse response) {
    if (response.status != 200) {
        return std::unexpected(refusal(path, std::move(response)));
    }
    const std::string page = snippet(response.body.reveal());
    if (!page.empty()) {
        return fail(Failure::rejected,
                    printable(path) + ": not JSON from Vault: " + page,
                    "something between this host and Vault may have answered: check vault.address");
    }
    auto json = Json::parse(std::move(response.body));
    if (!json) {
        return while_doing(printable(path), json.error());
    }
    return json;
}

std::vector<std::string> warnings(const JsonObject& root) {
    std::vector<std::string> lines;
    for (const std::string_view warning : root.texts("warnings")) {
        if (lines.size() == kWarningsLimit) {
            break;
        }
        lines.push_back(one_line(warning));
    }
    return lines;
}

}  // namespace install_cert::vault
