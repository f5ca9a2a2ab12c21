// SPDX-License-Identifier: Apache-2.0
// Vault API: /auth/token, /sys/capabilities-self, /sys/health.
#include "vault/token_messages.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "vault/answer.h"
#include "vault/http_fields.h"
#include "vault/json_text.h"

namespace install_cert::vault {
namespace {

std::string text_or_nothing(const JsonObject& object, std::string_view key) {
    return one_line(object.text(key).value_or(""));
}

std::vector<std::string> lines(const std::vector<std::string_view>& texts) {
    std::vector<std::string> lines;
    std::ranges::transform(
        texts, std::back_inserter(lines), [](std::string_view text) { return one_line(text); });
    return lines;
}

}  // namespace

Result<TokenFacts> read_lookup(const Json& answer, WallTime now) {
    const JsonObject data = answer.root().object("data");
    TokenFacts facts{
        .policies = lines(data.texts("policies")),
        .ttl = data.duration("ttl").value_or(std::chrono::seconds{0}),
        .period = data.duration("period").value_or(std::chrono::seconds{0}),
        .granted = data.duration("creation_ttl").value_or(std::chrono::seconds{0}),
        .max_ttl_left = std::nullopt,
        .renewable = data.flag("renewable").value_or(false),
        .never_expires = !data.has("expire_time"),
        .uses_left = static_cast<int>(
            std::clamp<std::int64_t>(data.number("num_uses").value_or(0), 0, 1'000'000)),
    };
    facts.never_expires = facts.never_expires && facts.ttl == std::chrono::seconds{0};
    const auto longest = data.duration("explicit_max_ttl").value_or(std::chrono::seconds{0});
    const auto created = data.number("creation_time");
    if (longest > std::chrono::seconds{0} && created) {
        const auto age = now.time_since_epoch() - std::chrono::seconds{std::clamp<std::int64_t>(
                                                      *created, 0, now.time_since_epoch().count())};
        facts.max_ttl_left = std::max(longest - age, std::chrono::seconds{0});
    }
    if (const auto sound = answer.sound(); !sound) {
        return std::unexpected(sound.error());
    }
    if (!answer.root().has("data")) {
        return fail(Failure::rejected, "the answer has no data");
    }
    return facts;
}

Result<TokenFacts> read_renewal(const Json& answer) {
    const JsonObject auth = answer.root().object("auth");
    TokenFacts facts{
        .policies = lines(auth.texts("policies")),
        .ttl = auth.duration("lease_duration").value_or(std::chrono::seconds{0}),
        .max_ttl_left = std::nullopt,
        .renewable = auth.flag("renewable").value_or(false),
    };
    if (const auto sound = answer.sound(); !sound) {
        return std::unexpected(sound.error());
    }
    if (!answer.root().has("auth")) {
        return fail(Failure::rejected, "the answer has no auth");
    }
    return facts;
}

HttpRequest capabilities_request(std::span<const std::string> paths) {
    JsonText body;
    body.add("paths", paths);
    return {.verb = Verb::post,
            .path = api_path({"sys/capabilities-self"}),
            .body = body.finish(),
            .resend = Resend::once};
}

Result<Capabilities> read_capabilities(const Json& answer, std::span<const std::string> paths) {
    const JsonObject data = answer.root().object("data");
    Capabilities capabilities;
    for (const std::string& path : paths) {
        capabilities[path] = lines(data.texts(path));
    }
    if (const auto sound = answer.sound(); !sound) {
        return std::unexpected(sound.error());
    }
    return capabilities;
}

Result<Health> read_health(HttpResponse response) {
    constexpr std::array kStates{200, 429, 472, 473, 501, 503};
    if (std::ranges::find(kStates, response.status) == kStates.end()) {
        return std::unexpected(refusal("sys/health", std::move(response)));
    }
    const int status = response.status;
    response.status = 200;
    const auto json = json_answer("sys/health", std::move(response));
    if (!json) {
        // A load balancer answers 503 with a page of its own when no node is left behind it.
        return status == 200 ? std::unexpected(json.error())
                             : fail(Failure::unavailable, json.error().what);
    }
    const JsonObject root = json->root();
    Health health{
        .initialized = root.flag("initialized").value_or(status != 501),
        .sealed = root.flag("sealed").value_or(status == 503),
        .version = text_or_nothing(root, "version"),
    };
    if (const auto sound = json->sound(); !sound) {
        return while_doing("sys/health", sound.error());
    }
    return health;
}

}  // namespace install_cert::vault
