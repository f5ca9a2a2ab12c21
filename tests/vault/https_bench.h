// SPDX-License-Identifier: Apache-2.0
// A CurlTransport and the HTTPS server that it talks to.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "foundation/clock.h"
#include "role/role.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_authority.h"
#include "tests/support/tls_server.h"
#include "tests/vault/access.h"
#include "vault/curl_transport.h"

namespace install_cert::testing {

// libcurl judges certificates by the real clock, so these are dated around it.
inline Plan server_plan(const std::string& name = "vault.test") {
    const WallTime now = SystemClock().now();
    Plan plan;
    plan.common_name = name;
    plan.dns = {name};
    plan.ip = {"127.0.0.1"};
    plan.usages = {"serverAuth"};
    plan.not_before = now - std::chrono::hours{1};
    plan.not_after = now + std::chrono::hours{1};
    return plan;
}

inline const TestAuthority& server_authority() {
    static const TestAuthority made = TestAuthority::root("server CA");
    return made;
}

// What a good server shows.
inline TlsServerSettings good_server(Respond respond) {
    const TestKey key("P-256", 1);
    return {.certificate = server_authority().issue(server_plan(), key),
            .key = key,
            .respond = std::move(respond)};
}

inline Respond always(std::string answer) {
    return [held = std::move(answer)](Peer& peer, const std::string&) { (void)peer.send(held); };
}

class HttpsBench {
  public:
    explicit HttpsBench(TlsServerSettings settings) : server(std::move(settings)) {
        put_content(ca_file, server_authority().pem());
        access = access_to(server.address());
        access.ca_cert = ca_file;
    }

    explicit HttpsBench(Respond respond) : HttpsBench(good_server(std::move(respond))) {}

    [[nodiscard]] std::string path(const std::string& name) const {
        return (directory.path() / name).string();
    }

    vault::CurlTransport& transport() {
        if (!transport_) {
            auto made = vault::CurlTransport::create(access, clock);
            if (!made) {
                throw std::runtime_error(made.error().what);
            }
            transport_ = std::move(*made);
        }
        return *transport_;
    }

    // A new turn.
    void forget_transport() { transport_.reset(); }

    // Sends one request and waits for what becomes of it.
    Result<vault::HttpResponse> ask(vault::HttpRequest request,
                                    std::chrono::milliseconds time = std::chrono::seconds{20}) {
        std::optional<Result<vault::HttpResponse>> answer;
        const BootTime deadline = clock.since_boot() + time;
        transport().start(std::move(request), deadline, [&](Result<vault::HttpResponse> response) {
            answer = std::move(response);
        });
        while (!answer) {
            transport().pump(deadline + std::chrono::seconds{1});
        }
        return std::move(*answer);
    }

    Result<vault::HttpResponse> get(std::chrono::milliseconds time = std::chrono::seconds{20}) {
        return ask({.path = "/v1/x"}, time);
    }

    SystemClock clock;
    TemporaryDirectory directory;
    std::string ca_file = path("ca.pem");
    role::VaultAccess access;
    TlsServer server;

  private:
    std::unique_ptr<vault::CurlTransport> transport_;
};

}  // namespace install_cert::testing
