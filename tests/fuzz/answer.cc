// SPDX-License-Identifier: Apache-2.0
// Vault's answers: a line with the HTTP status, then the body, read as every kind of answer.
#include "vault/answer.h"

#include <charconv>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/promise.h"
#include "fuzz/wanted.h"
#include "issuance/verify.h"
#include "vault/denial.h"
#include "vault/login.h"
#include "vault/pki_messages.h"
#include "vault/token_messages.h"

using namespace install_cert;

namespace {

constexpr std::string_view kPath = "kluster/pki/issue/web";

vault::HttpResponse response_of(std::string_view input) {
    const auto split = fuzz::parts(input, "\n", 2);
    int status = 200;
    (void)std::from_chars(split[0].data(), split[0].data() + split[0].size(), status);
    return {.status = status,
            .body = Secret(split[1]),
            .retry_after = std::nullopt,
            .date = std::nullopt};
}

void promise_lasting(std::chrono::seconds duration) {
    fuzz::promise(duration.count() >= 0 && duration <= std::chrono::years{101},
                  "a duration is between nothing and a century");
}

void promise_facts(const Result<vault::TokenFacts>& facts) {
    if (!facts) {
        fuzz::promise_error(facts.error());
        return;
    }
    for (const std::string& policy : facts->policies) {
        fuzz::promise_message(policy);
    }
    promise_lasting(facts->ttl);
    promise_lasting(facts->period);
    promise_lasting(facts->max_ttl_left.value_or(std::chrono::seconds{0}));
    fuzz::promise(facts->uses_left >= 0, "uses are counted");
}

void read_as_token(const vault::Json& json) {
    promise_facts(vault::read_renewal(json));
    const auto looked_up = vault::read_lookup(json, fuzz::kNow);
    promise_facts(looked_up);
    const auto token = vault::read_login(json);
    if (token) {
        fuzz::promise(vault::check_token(*token).has_value(), "a token fits into a header");
    } else {
        fuzz::promise_error(token.error());
    }
    const std::vector<std::string> paths{std::string(kPath), "sys/health"};
    if (const auto granted = vault::read_capabilities(json, paths); !granted) {
        fuzz::promise_error(granted.error());
    }
    fuzz::promise_error(vault::denial(
        kPath, Error{.kind = Failure::denied, .what = "permission denied"}, looked_up, "/token"));
}

void read_as_pki_role(const vault::Json& json) {
    const auto role = vault::read_pki_role(json);
    if (!role) {
        fuzz::promise_error(role.error());
        return;
    }
    promise_lasting(role->max_ttl);
}

void read_as_material(const vault::Json& json) {
    vault::AuthorityReader authorities;
    auto material = vault::read_material(json, std::nullopt, authorities);
    if (!material) {
        fuzz::promise_error(material.error());
        return;
    }
    for (const std::string& warning : material->warnings) {
        fuzz::promise_message(warning);
    }
    fuzz::promise(material->authorities.size() <= vault::kAuthoritiesLimit, "CAs are few");
    fuzz::promise_verified(std::move(*material));
}

}  // namespace

FUZZ_TARGET(input) {
    if (const auto health = vault::read_health(response_of(input))) {
        fuzz::promise_message(health->version);
    } else {
        fuzz::promise_error(health.error());
    }
    const auto json = vault::json_answer(kPath, response_of(input));
    if (!json) {
        fuzz::promise_error(json.error());
        return;
    }
    const auto said = vault::warnings(json->root());
    fuzz::promise(said.size() <= 8, "warnings are few");
    for (const std::string& warning : said) {
        fuzz::promise_message(warning);
    }
    // Each on its own: a member of the wrong type is remembered by the Json that was asked for it.
    read_as_material(*vault::json_answer(kPath, response_of(input)));
    read_as_pki_role(*vault::json_answer(kPath, response_of(input)));
    read_as_token(*json);
}
