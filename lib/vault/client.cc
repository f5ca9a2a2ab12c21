// SPDX-License-Identifier: Apache-2.0
// Sessions, the waiting for one answer, and the calls one by one.
#include "vault/client.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "foundation/text.h"
#include "vault/answer.h"
#include "vault/denial.h"
#include "vault/http_fields.h"

namespace install_cert::vault {
namespace {

// Explaining a failure must not use up the time that other certificates need.
constexpr std::chrono::seconds kExplanationTime{5};

HttpRequest reading(std::string path) {
    return {.verb = Verb::get, .path = std::move(path), .resend = Resend::once};
}

HttpRequest copy(const HttpRequest& request) {
    return {.verb = request.verb,
            .path = request.path,
            .body = request.body.clone(),
            .token = request.token,
            .resend = request.resend};
}

}  // namespace

Client::Client(HttpTransport& transport,
               const role::VaultAccess& access,
               ReadSecret read_secret,
               const Clock& clock)
    : transport_(transport), access_(access), read_secret_(std::move(read_secret)), clock_(clock) {}

Result<HttpResponse> Client::exchange(HttpRequest request, BootTime deadline) {
    // Shared with the callback, which a transport may still call when we have given up waiting.
    const auto answer = std::make_shared<std::optional<Result<HttpResponse>>>();
    transport_.start(std::move(request), deadline, [answer](Result<HttpResponse> response) {
        *answer = std::move(response);
    });
    while (!*answer) {
        transport_.pump(deadline);
        if (!*answer && clock_.since_boot() >= deadline) {
            return fail(Failure::not_yet, access_.address + " did not answer in time");
        }
    }
    return std::move(**answer);
}

Result<Secret> Client::obtain_token(const role::Auth& auth, BootTime deadline) {
    if (auth.method == role::AuthMethod::token) {
        auto token = read_secret_(auth, auth.token_file);
        if (token) {
            if (const auto checked = check_token(*token); !checked) {
                return while_doing(auth.token_file, checked.error());
            }
        }
        return token;
    }
    const std::string path = login_path(auth);
    auto request = login_request(auth, read_secret_);
    if (!request) {
        return while_doing(path, request.error());
    }
    auto response = exchange(std::move(*request), deadline);
    if (!response) {
        return while_doing(path, response.error());
    }
    // Vault refuses unknown credentials of some methods with 400, of others with 403.
    const bool refused = response->status == 400;
    auto json = json_answer(path, std::move(*response));
    if (!json) {
        Error error = json.error();
        error.kind = refused ? Failure::denied : error.kind;
        return std::unexpected(std::move(error));
    }
    auto token = read_login(*json);
    if (!token) {
        return while_doing(path, token.error());
    }
    return token;
}

Client::Session& Client::session(const role::Auth& auth, BootTime deadline) {
    const auto known = std::ranges::find(sessions_, auth, &Session::auth);
    if (known != sessions_.end()) {
        return *known;
    }
    auto token = obtain_token(auth, deadline);
    Session& made = sessions_.emplace_back(Session{.auth = auth});
    if (token) {
        made.token = std::move(*token);
    } else {
        made.failure = token.error();
    }
    return made;
}

Result<const Secret*> Client::token(const role::Auth& auth, BootTime deadline) {
    const Session& held = session(auth, deadline);
    if (held.failure) {
        return std::unexpected(*held.failure);
    }
    return &held.token;
}

bool Client::refresh_token(const role::Auth& auth, BootTime deadline) {
    Session& held = session(auth, deadline);
    if (held.refresh_tried || held.failure) {
        return held.refreshed;
    }
    held.refresh_tried = true;
    auto token = obtain_token(auth, deadline);
    if (token && token->reveal() != held.token.reveal()) {
        held.token = std::move(*token);
        held.refreshed = true;
    }
    return held.refreshed;
}

bool Client::is_refreshed(const role::Auth& auth) const {
    const auto known = std::ranges::find(sessions_, auth, &Session::auth);
    return known != sessions_.end() && known->refreshed;
}

Result<TokenFacts> Client::look_up(const Secret& token, BootTime deadline) {
    HttpRequest request = reading(api_path({"auth/token/lookup-self"}));
    request.token = &token;
    auto response = exchange(std::move(request), deadline);
    if (!response) {
        return std::unexpected(response.error());
    }
    const auto json = json_answer("auth/token/lookup-self", std::move(*response));
    if (!json) {
        return std::unexpected(json.error());
    }
    return read_lookup(*json, clock_.now());
}

Error Client::explain_denial(const role::Auth& auth,
                             std::string_view path,
                             Error refusal,
                             BootTime deadline) {
    Session& held = session(auth, deadline);
    if (!held.looked_up) {
        const BootTime soon = clock_.since_boot() + kExplanationTime;
        held.looked_up = look_up(held.token, std::min(deadline, soon));
    }
    return denial(path, std::move(refusal), *held.looked_up, auth.token_file);
}

Result<HttpResponse> Client::authorized(const role::Auth& auth,
                                        std::string_view path,
                                        HttpRequest request,
                                        BootTime deadline) {
    for (;;) {
        const bool afresh = is_refreshed(auth);
        const auto held = token(auth, deadline);
        if (!held) {
            return std::unexpected(held.error());
        }
        request.token = *held;
        auto response = exchange(copy(request), deadline);
        if (!response) {
            return while_doing(path, response.error());
        }
        if (response->status != 403) {
            return response;
        }
        if (afresh || !refresh_token(auth, deadline)) {
            return std::unexpected(
                explain_denial(auth, path, refusal(path, std::move(*response)), deadline));
        }
    }
}

Result<Json> Client::call(const role::Auth& auth,
                          std::string_view path,
                          HttpRequest request,
                          BootTime deadline) {
    auto response = authorized(auth, path, std::move(request), deadline);
    if (!response) {
        return std::unexpected(response.error());
    }
    return json_answer(path, std::move(*response));
}

Result<Health> Client::health(BootTime deadline) {
    auto response = exchange(reading(api_path({"sys/health"})), deadline);
    if (!response) {
        return std::unexpected(response.error());
    }
    return read_health(std::move(*response));
}

Result<TokenFacts> Client::lookup_self(const role::Auth& auth, BootTime deadline) {
    constexpr std::string_view kPath = "auth/token/lookup-self";
    const auto json = call(auth, kPath, reading(api_path({kPath})), deadline);
    if (!json) {
        return std::unexpected(json.error());
    }
    auto facts = read_lookup(*json, clock_.now());
    if (!facts) {
        return while_doing(kPath, facts.error());
    }
    return facts;
}

Result<TokenFacts> Client::renew_self(const role::Auth& auth, BootTime deadline) {
    constexpr std::string_view kPath = "auth/token/renew-self";
    HttpRequest request{.verb = Verb::post,
                        .path = api_path({kPath}),
                        .body = Secret("{}"),
                        .resend = Resend::once};
    const auto json = call(auth, kPath, std::move(request), deadline);
    if (!json) {
        return std::unexpected(json.error());
    }
    auto facts = read_renewal(*json);
    if (!facts) {
        return while_doing(kPath, facts.error());
    }
    return facts;
}

Result<Capabilities> Client::capabilities(const role::Auth& auth,
                                          std::span<const std::string> paths,
                                          BootTime deadline) {
    constexpr std::string_view kPath = "sys/capabilities-self";
    const auto json = call(auth, kPath, capabilities_request(paths), deadline);
    if (!json) {
        return std::unexpected(json.error());
    }
    auto capabilities = read_capabilities(*json, paths);
    if (!capabilities) {
        return while_doing(kPath, capabilities.error());
    }
    return capabilities;
}

Result<PkiRole> Client::pki_role(const role::Auth& auth,
                                 const std::string& mount,
                                 const std::string& role,
                                 BootTime deadline) {
    const std::string path = plain_path({mount, "roles", role});
    const auto json = call(auth, path, reading(api_path({mount, "roles", role})), deadline);
    if (!json) {
        return std::unexpected(json.error());
    }
    auto read = read_pki_role(*json);
    if (!read) {
        return while_doing(path, read.error());
    }
    return read;
}

// ca_chain is empty (204) where the default issuer has no chain: on Vault before 1.11 for every
// root.
Result<std::vector<x509::Certificate>> Client::authorities(const std::string& mount,
                                                           BootTime deadline) {
    for (const std::string_view endpoint : {"ca_chain", "ca/pem"}) {
        const std::string path = plain_path({mount, endpoint});
        auto response = exchange(reading(api_path({mount, endpoint})), deadline);
        if (!response) {
            return while_doing(path, response.error());
        }
        if (response->status != 200 && response->status != 204) {
            return std::unexpected(refusal(path, std::move(*response)));
        }
        if (trim(response->body.reveal()).empty()) {
            continue;
        }
        auto read = x509::Certificate::all_from_pem(response->body.reveal(), kAuthoritiesLimit);
        if (!read) {
            return while_doing(path, read.error());
        }
        return read;
    }
    return fail(Failure::rejected,
                printable(mount) + ": the mount has no CA certificate",
                "generate or import the CA: `vault write " + printable(mount) +
                    "/root/generate/internal ...`");
}

Result<> Client::revoke(const role::Auth& auth,
                        const std::string& mount,
                        const std::string& serial,
                        BootTime deadline) {
    const std::string path = plain_path({mount, "revoke"});
    auto response = authorized(auth, path, revocation_request(mount, serial), deadline);
    if (!response) {
        return std::unexpected(response.error());
    }
    if (response->status != 200 && response->status != 204) {
        return std::unexpected(refusal(path, std::move(*response)));
    }
    return {};
}

}  // namespace install_cert::vault
