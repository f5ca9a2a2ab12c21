// SPDX-License-Identifier: Apache-2.0
// The port to HTTP: many requests in flight at once over few connections, single-threaded.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "foundation/clock.h"
#include "foundation/result.h"
#include "foundation/secret.h"

namespace install_cert::vault {

enum class Verb : std::uint8_t { get, post };

// Whether a request may be sent a second time when the connection was lost before its answer came:
// only where the server doing it twice does no harm.
enum class Resend : std::uint8_t { never, once };

struct HttpRequest {
    Verb verb = Verb::get;
    std::string path;  // "/v1/kluster/pki/issue/web", already percent-encoded; with query, if any
    Secret body{};     // JSON; empty for none
    // Sent as X-Vault-Token, to the configured host only. Outlives the exchange: an answer that
    // quotes it is searched for it.
    const Secret* token = nullptr;
    Resend resend = Resend::never;
};

struct HttpResponse {
    int status = 0;
    Secret body;  // at most kBodyLimit, or the request failed
    std::optional<std::chrono::seconds>
        retry_after;  // from seconds or an HTTP date; clamped to 1 s .. 5 min, nullopt for junk
    std::optional<WallTime> date;  // the server's clock
};

// Vault's answers are a few KiB; the limit keeps a captive portal or an attacker from filling
// memory.
inline constexpr std::size_t kBodyLimit = std::size_t{1} << 20;
inline constexpr std::size_t kHeaderLimit = std::size_t{64} << 10;

using HttpDone = std::function<void(Result<HttpResponse>)>;

class HttpTransport {
  public:
    HttpTransport() = default;
    HttpTransport(const HttpTransport&) = delete;
    HttpTransport& operator=(const HttpTransport&) = delete;
    virtual ~HttpTransport() = default;

    // Begins a request; `done` is called once, from a later pump(), at `deadline` at the latest.
    // Failures are kinds: unavailable for resolution, connection, TLS and cut answers; not_yet for
    // a time-out or a CA file that is not there; rejected for a redirect elsewhere or a body over
    // the limit. A transport that is destroyed calls nobody any more.
    virtual void start(HttpRequest request, BootTime deadline, HttpDone done) = 0;

    // Moves what is in flight. Waits until something happened or `until`, not at all when `until`
    // is past. A `done` called from here may start() further requests, but not pump().
    virtual void pump(BootTime until) = 0;

    [[nodiscard]] virtual std::size_t in_flight() const = 0;
};

}  // namespace install_cert::vault
