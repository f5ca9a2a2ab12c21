// SPDX-License-Identifier: Apache-2.0
// The HttpTransport on libcurl's multi interface: one TLS connection for many requests where the
// server speaks HTTP/2, a few kept ones where it does not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "foundation/clock.h"
#include "foundation/result.h"
#include "role/role.h"
#include "vault/curl_handles.h"
#include "vault/endpoint.h"
#include "vault/http_transport.h"
#include "vault/transfer.h"

namespace install_cert::vault {

// What went over the wire so far.
struct Traffic {
    std::uint64_t requests = 0;
    std::uint64_t connections = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
};

// One for each turn: connections, and with them the CA file that was read for them, end with it.
class CurlTransport final : public HttpTransport {
  public:
    // `access` and `clock` outlive the transport. Opens no connection yet.
    [[nodiscard]] static Result<std::unique_ptr<CurlTransport>> create(
        const role::VaultAccess& access, const Clock& clock);
    ~CurlTransport() override;
    CurlTransport(const CurlTransport&) = delete;
    CurlTransport& operator=(const CurlTransport&) = delete;

    void start(HttpRequest request, BootTime deadline, HttpDone done) override;
    void pump(BootTime until) override;

    [[nodiscard]] std::size_t in_flight() const override {
        return active_.size() + finished_.size();
    }

    [[nodiscard]] const Traffic& traffic() const { return traffic_; }

  private:
    using TransferPointer = std::unique_ptr<Transfer>;

    struct Headers {
        Secret token;  // empty: for requests without one
        HeaderList list;
    };

    CurlTransport(Endpoint endpoint, MultiHandle multi, const Clock& clock);

    // Built once for each token.
    [[nodiscard]] Result<const curl_slist*> headers(const Secret* token);
    [[nodiscard]] Result<TransferPointer> idle_transfer();
    [[nodiscard]] Result<> send(Transfer& transfer, std::string path);
    void move();
    void settle(Transfer& transfer, CURLcode code);
    // Where the request goes once more instead of being over; nullopt when it is over.
    [[nodiscard]] std::optional<std::string> next_path(Transfer& transfer, CURLcode code);
    [[nodiscard]] Result<HttpResponse> outcome(Transfer& transfer, CURLcode code);
    void finish(Transfer& transfer, Result<HttpResponse> result);
    void expire();
    void count(const Transfer& transfer);

    Endpoint endpoint_;
    const Clock& clock_;
    std::list<Headers> headers_;  // outlives the transfers that use them
    MultiHandle multi_;
    std::vector<TransferPointer> active_;
    std::vector<TransferPointer> idle_;
    std::vector<std::pair<HttpDone, Result<HttpResponse>>> finished_;
    Traffic traffic_;
};

}  // namespace install_cert::vault
