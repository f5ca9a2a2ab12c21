// SPDX-License-Identifier: Apache-2.0
// One request on its way through libcurl: an easy handle, used again for the next request, and what
// has come back so far, counted against the limits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/clock.h"
#include "foundation/result.h"
#include "foundation/secret.h"
#include "vault/curl_handles.h"
#include "vault/endpoint.h"
#include "vault/http_transport.h"

namespace install_cert::vault {

class Transfer {
  public:
    // A handle with all options that do not change. The endpoint outlives it.
    [[nodiscard]] static Result<std::unique_ptr<Transfer>> create(const Endpoint& endpoint);

    // Takes a request on. `headers` outlives the exchange.
    void take(HttpRequest request, const curl_slist* headers, BootTime expires, HttpDone done);
    // Makes the handle ready to be sent (again), to `path` of the same request.
    [[nodiscard]] Result<> arm(const Endpoint& endpoint, std::string path);
    // Ends the exchange: what it held is wiped, its HttpDone is handed out.
    [[nodiscard]] HttpDone release();

    // The answer, once libcurl is done with CURLE_OK.
    [[nodiscard]] HttpResponse response(WallTime now);
    // The failure, otherwise.
    [[nodiscard]] Error failure(CURLcode code, const role::VaultAccess& access) const;

    // Whether what libcurl calls an answer has an end that no cut line can imitate: headers that
    // were finished, and a body whose length was told beforehand or in chunks.
    [[nodiscard]] bool is_whole() const;

    // Whether a lost connection may be made good by sending once more; counts.
    [[nodiscard]] bool may_resend();

    // Whether one more redirect may be followed; counts.
    [[nodiscard]] bool may_redirect() { return ++redirects_ <= kRedirectLimit; }

    [[nodiscard]] long status() const;

    [[nodiscard]] const std::string& location() const { return location_; }

    [[nodiscard]] const std::string& path() const { return request_.path; }

    [[nodiscard]] BootTime expires() const { return expires_; }

    [[nodiscard]] CURL* native() const { return easy_.get(); }

    [[nodiscard]] bool was_connected() const;

  private:
    static constexpr int kRedirectLimit = 3;
    enum class Excess : std::uint8_t { none, body, headers };

    explicit Transfer(EasyHandle easy) : easy_(std::move(easy)) {}

    static std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* self);
    static std::size_t on_header(char* bytes, std::size_t, std::size_t size, void* self);
    static std::size_t on_upload(char* room, std::size_t, std::size_t size, void* self);
    [[nodiscard]] bool accept_body(std::string_view bytes);
    [[nodiscard]] bool accept_header(std::string_view line);
    void note_field(std::string_view line);
    void forget_fields();
    void forget_quoted_token();
    void forget_answer();

    EasyHandle easy_;
    std::array<char, CURL_ERROR_SIZE> words_{};
    HttpRequest request_{};
    std::size_t uploaded_ = 0;
    const curl_slist* headers_ = nullptr;
    BootTime expires_{0};
    HttpDone done_{};
    int redirects_ = 0;
    int resends_ = 0;

    Secret body_;
    std::size_t header_bytes_ = 0;
    Excess excess_ = Excess::none;
    bool headers_ended_ = false;
    bool length_told_ = false;
    std::string retry_after_;
    std::string date_;
    std::string location_;
};

}  // namespace install_cert::vault
