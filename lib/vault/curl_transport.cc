// SPDX-License-Identifier: Apache-2.0
// Starting, moving and settling transfers.
#include "vault/curl_transport.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include "foundation/text.h"
#include "vault/curl_failure.h"
#include "vault/curl_memory.h"
#include "vault/http_fields.h"

namespace install_cert::vault {
namespace {

// No request of ours takes Vault longer; what does is stuck.
constexpr std::chrono::seconds kRequestTime{30};
// Without HTTP/2: enough to keep a server of several cores busy, few enough to be no burden.
constexpr long kConnections = 4;

}  // namespace

Result<std::unique_ptr<CurlTransport>> CurlTransport::create(const role::VaultAccess& access,
                                                             const Clock& clock) {
    if (auto started = start_curl(); !started) {
        return std::unexpected(started.error());
    }
    auto endpoint = Endpoint::from(access);
    if (!endpoint) {
        return std::unexpected(endpoint.error());
    }
    MultiHandle multi(curl().multi_init());
    if (!multi) {
        return fail(Failure::io, "libcurl: out of memory");
    }
    (void)curl().multi_setopt(multi.get(), CURLMOPT_PIPELINING, long{CURLPIPE_MULTIPLEX});
    (void)curl().multi_setopt(multi.get(), CURLMOPT_MAX_HOST_CONNECTIONS, kConnections);
    return std::unique_ptr<CurlTransport>(
        new CurlTransport(std::move(*endpoint), std::move(multi), clock));
}

CurlTransport::CurlTransport(Endpoint endpoint, MultiHandle multi, const Clock& clock)
    : endpoint_(std::move(endpoint)), clock_(clock), multi_(std::move(multi)) {}

CurlTransport::~CurlTransport() {
    for (const TransferPointer& transfer : active_) {
        (void)curl().multi_remove_handle(multi_.get(), transfer->native());
    }
}

Result<const curl_slist*> CurlTransport::headers(const Secret* token) {
    const std::string_view wanted = token == nullptr ? std::string_view() : token->reveal();
    for (const Headers& known : headers_) {
        if (known.token.reveal() == wanted) {
            return known.list.get();
        }
    }
    auto list = endpoint_.headers(token);
    if (!list) {
        return std::unexpected(list.error());
    }
    headers_.push_back({.token = Secret(wanted), .list = std::move(*list)});
    return headers_.back().list.get();
}

Result<CurlTransport::TransferPointer> CurlTransport::idle_transfer() {
    if (idle_.empty()) {
        return Transfer::create(endpoint_);
    }
    TransferPointer transfer = std::move(idle_.back());
    idle_.pop_back();
    return transfer;
}

void CurlTransport::start(HttpRequest request, BootTime deadline, HttpDone done) {
    auto transfer = idle_transfer();
    const auto fields = headers(request.token);
    if (!transfer || !fields) {
        finished_.emplace_back(std::move(done),
                               std::unexpected(transfer ? fields.error() : transfer.error()));
        return;
    }
    const BootTime latest = clock_.since_boot() + kRequestTime;
    std::string path = request.path;
    (*transfer)->take(std::move(request), *fields, std::min(deadline, latest), std::move(done));
    active_.push_back(std::move(*transfer));
    Transfer& started = *active_.back();
    if (auto sent = send(started, std::move(path)); !sent) {
        finish(started, std::unexpected(sent.error()));
    }
}

Result<> CurlTransport::send(Transfer& transfer, std::string path) {
    if (auto armed = transfer.arm(endpoint_, std::move(path)); !armed) {
        return armed;
    }
    const CURLMcode code = curl().multi_add_handle(multi_.get(), transfer.native());
    if (code != CURLM_OK) {
        return fail(Failure::io, std::string("libcurl: ") + curl().multi_strerror(code));
    }
    return {};
}

void CurlTransport::pump(BootTime until) {
    move();
    if (finished_.empty() && !active_.empty()) {
        BootTime wake = until;
        for (const TransferPointer& transfer : active_) {
            wake = std::min(wake, transfer->expires());
        }
        const auto wait =
            std::clamp<std::int64_t>((wake - clock_.since_boot()).count(), 0, std::int64_t{60'000});
        if (wait > 0) {
            (void)curl().multi_poll(multi_.get(), nullptr, 0, static_cast<int>(wait), nullptr);
            move();
        }
    }
    // Callbacks may start more, so the list is taken out of their reach first.
    for (auto& [done, result] : std::exchange(finished_, {})) {
        done(std::move(result));
    }
}

void CurlTransport::move() {
    int running = 0;
    (void)curl().multi_perform(multi_.get(), &running);
    int left = 0;
    while (const CURLMsg* message = curl().multi_info_read(multi_.get(), &left)) {
        void* transfer = nullptr;
        (void)curl().easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        const CURLcode code = message->data.result;
        settle(*static_cast<Transfer*>(transfer), code);
    }
    expire();
}

void CurlTransport::settle(Transfer& transfer, CURLcode code) {
    count(transfer);
    (void)curl().multi_remove_handle(multi_.get(), transfer.native());
    if (code == CURLE_OK && !transfer.is_whole()) {
        code = CURLE_PARTIAL_FILE;
    }
    if (auto path = next_path(transfer, code)) {
        auto sent = send(transfer, std::move(*path));
        if (sent) {
            return;
        }
        finish(transfer, std::unexpected(sent.error()));
        return;
    }
    finish(transfer, outcome(transfer, code));
}

// A standby may send us to itself or, behind a balancer, to its own name: 307 keeps verb and body.
std::optional<std::string> CurlTransport::next_path(Transfer& transfer, CURLcode code) {
    if (is_lost_connection(code) && transfer.may_resend()) {
        return transfer.path();
    }
    if (code == CURLE_OK && transfer.status() == 307) {
        auto path = path_at(endpoint_.access().address, transfer.location());
        if (path && transfer.may_redirect()) {
            return path;
        }
    }
    return std::nullopt;
}

Result<HttpResponse> CurlTransport::outcome(Transfer& transfer, CURLcode code) {
    if (code != CURLE_OK) {
        return std::unexpected(transfer.failure(code, endpoint_.access()));
    }
    const long status = transfer.status();
    if (status >= 300 && status <= 399) {
        return fail(Failure::rejected,
                    endpoint_.access().address + ": redirected (" + std::to_string(status) +
                        ") to \"" + printable(transfer.location()) + "\", which is not followed",
                    "set vault.address to where Vault really is: the token is sent nowhere else");
    }
    return transfer.response(clock_.now());
}

void CurlTransport::finish(Transfer& transfer, Result<HttpResponse> result) {
    const auto place = std::ranges::find(active_, &transfer, &TransferPointer::get);
    TransferPointer over = std::move(*place);
    active_.erase(place);
    finished_.emplace_back(over->release(), std::move(result));
    idle_.push_back(std::move(over));
}

void CurlTransport::expire() {
    const BootTime now = clock_.since_boot();
    for (std::size_t i = active_.size(); i > 0; --i) {
        Transfer& transfer = *active_[i - 1];
        if (transfer.expires() <= now) {
            count(transfer);
            Error error = transfer.failure(CURLE_OPERATION_TIMEDOUT, endpoint_.access());
            (void)curl().multi_remove_handle(multi_.get(), transfer.native());
            finish(transfer, std::unexpected(std::move(error)));
        }
    }
}

void CurlTransport::count(const Transfer& transfer) {
    long connections = 0;
    long request_size = 0;
    long header_size = 0;
    curl_off_t uploaded = 0;
    curl_off_t downloaded = 0;
    CURL* easy = transfer.native();
    (void)curl().easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connections);
    (void)curl().easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_size);
    (void)curl().easy_getinfo(easy, CURLINFO_HEADER_SIZE, &header_size);
    (void)curl().easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
    (void)curl().easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &downloaded);
    traffic_.requests += 1;
    traffic_.connections += static_cast<std::uint64_t>(connections);
    traffic_.bytes_sent +=
        static_cast<std::uint64_t>(request_size) + static_cast<std::uint64_t>(uploaded);
    traffic_.bytes_received +=
        static_cast<std::uint64_t>(header_size) + static_cast<std::uint64_t>(downloaded);
}

}  // namespace install_cert::vault
