// SPDX-License-Identifier: Apache-2.0
// A small HTTPS server (HTTP/1.1) on a loopback port, as badly behaved as a test tells it to be.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <openssl/ssl.h>

#include "foundation/handle.h"
#include "foundation/unique_fd.h"
#include "tests/support/test_authority.h"

namespace install_cert::testing {

// The server's end of one connection, in the middle of one request.
class Peer {
  public:
    Peer(SSL* tls, std::stop_token stopped) : tls_(tls), stopped_(std::move(stopped)) {}

    // False when the client has gone.
    bool send(std::string_view bytes);
    // Waits until the client goes away or the server is stopped.
    void hang();

    // No further request on this connection; without close_notify, as a cut line.
    void cut() { cut_ = true; }

    [[nodiscard]] bool is_cut() const { return cut_; }

    [[nodiscard]] bool is_stopped() const { return stopped_.stop_requested(); }

  private:
    SSL* tls_;
    std::stop_token stopped_;
    bool cut_ = false;
};

// `request` is the head and the body as they came.
using Respond = std::function<void(Peer& peer, const std::string& request)>;

// A whole answer with its length.
[[nodiscard]] std::string http_answer(int status,
                                      std::string_view body,
                                      std::string_view more_headers = {});

struct TlsServerSettings {
    std::string certificate;  // PEM
    TestKey key;
    Respond respond;
    int newest_version = 0;          // of TLS; 0: any
    std::string client_authority{};  // PEM; demands client certificates signed by it
};

class TlsServer {
  public:
    explicit TlsServer(TlsServerSettings settings);
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;
    ~TlsServer();

    [[nodiscard]] std::uint16_t port() const { return port_; }

    [[nodiscard]] std::string address() const {
        return "https://127.0.0.1:" + std::to_string(port_);
    }

    [[nodiscard]] std::vector<std::string> requests() const;

    [[nodiscard]] int connections() const { return connections_; }

    // The server name that the last client asked for.
    [[nodiscard]] std::string server_name() const;

  private:
    using Context = std::unique_ptr<SSL_CTX, ReleaseWith<SSL_CTX_free>>;

    void listen();
    void accept(const std::stop_token& stopped);
    void serve(UniqueFd socket, const std::stop_token& stopped);
    void record(std::string request, SSL* tls);

    Respond respond_;
    Context context_;
    UniqueFd listener_;
    std::uint16_t port_ = 0;
    std::atomic<int> connections_{0};
    mutable std::mutex mutex_;
    std::vector<std::string> requests_;
    std::string server_name_;
    std::vector<std::jthread> conversations_;
    std::jthread acceptor_;
};

}  // namespace install_cert::testing
