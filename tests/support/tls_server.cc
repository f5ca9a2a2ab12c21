// SPDX-License-Identifier: Apache-2.0
// Sockets, TLS and just enough HTTP.
#include "tests/support/tls_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <utility>

#include "foundation/text.h"

namespace install_cert::testing {
namespace {

using Tls = std::unique_ptr<SSL, ReleaseWith<SSL_free>>;

constexpr int kGlance = 20;  // ms between looks at whether the server is being stopped

bool wait_for(int socket, short events, const std::stop_token& stopped) {
    while (!stopped.stop_requested()) {
        pollfd wanted{.fd = socket, .events = events, .revents = 0};
        if (::poll(&wanted, 1, kGlance) > 0) {
            return true;
        }
    }
    return false;
}

// Non-blocking all along, so that no client can keep a test from ending.
template <class Step>
int patiently(SSL* tls, const std::stop_token& stopped, Step step) {
    for (;;) {
        const int done = step();
        if (done > 0) {
            return done;
        }
        const int reason = SSL_get_error(tls, done);
        const bool read = reason == SSL_ERROR_WANT_READ;
        if (!read && reason != SSL_ERROR_WANT_WRITE) {
            return done;
        }
        if (!wait_for(SSL_get_fd(tls), read ? POLLIN : POLLOUT, stopped)) {
            return -1;
        }
    }
}

std::size_t content_length(std::string_view head) {
    const std::string lower = to_lower(head);
    constexpr std::string_view kField = "content-length:";
    const std::size_t at = lower.find(kField);
    std::size_t length = 0;
    if (at != std::string::npos) {
        const std::string_view value = trim(std::string_view(lower).substr(at + kField.size()));
        (void)std::from_chars(value.data(), value.data() + value.size(), length);
    }
    return length;
}

std::optional<std::string> read_request(SSL* tls, const std::stop_token& stopped) {
    std::string request;
    std::size_t wanted = 0;
    std::array<char, 4096> buffer{};
    while (wanted == 0 || request.size() < wanted) {
        const int got = patiently(tls, stopped, [&] {
            return SSL_read(tls, buffer.data(), static_cast<int>(buffer.size()));
        });
        if (got <= 0) {
            return std::nullopt;
        }
        request.append(buffer.data(), static_cast<std::size_t>(got));
        const std::size_t end = request.find("\r\n\r\n");
        if (wanted == 0 && end != std::string::npos) {
            wanted = end + 4 + content_length(request.substr(0, end));
        }
    }
    return request;
}

}  // namespace

bool Peer::send(std::string_view bytes) {
    return bytes.empty() ||
           patiently(tls_, stopped_, [&] {
               return SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()));
           }) > 0;
}

void Peer::hang() {
    std::array<char, 256> buffer{};
    while (patiently(tls_, stopped_, [&] {
               return SSL_read(tls_, buffer.data(), static_cast<int>(buffer.size()));
           }) > 0) {
    }
    cut();
}

std::string http_answer(int status, std::string_view body, std::string_view more_headers) {
    return "HTTP/1.1 " + std::to_string(status) +
           " Whatever\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           std::string(more_headers) + "\r\n" + std::string(body);
}

TlsServer::TlsServer(TlsServerSettings settings)
    : respond_(std::move(settings.respond)), context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX* context = context_.get();
    // The bad servers of the tests speak versions that a distribution's OpenSSL no longer allows.
    SSL_CTX_set_security_level(context, 0);
    (void)SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
    (void)SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    (void)SSL_CTX_set_max_proto_version(context, settings.newest_version);
    (void)SSL_CTX_use_certificate(context, parsed(settings.certificate).native());
    (void)SSL_CTX_use_PrivateKey(context, settings.key.native());
    if (!settings.client_authority.empty()) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
        (void)X509_STORE_add_cert(SSL_CTX_get_cert_store(context),
                                  parsed(settings.client_authority).native());
    }
    listen();
    acceptor_ = std::jthread([this](const std::stop_token& stopped) { accept(stopped); });
}

TlsServer::~TlsServer() {
    acceptor_.request_stop();
    acceptor_.join();
    for (std::jthread& conversation : conversations_) {
        conversation.request_stop();
    }
}

void TlsServer::listen() {
    listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), plain, size) != 0 || ::listen(listener_.get(), 16) != 0 ||
        ::getsockname(listener_.get(), plain, &size) != 0) {
        throw std::runtime_error("no port to listen on");
    }
    port_ = ntohs(address.sin_port);
}

void TlsServer::accept(const std::stop_token& stopped) {
    while (wait_for(listener_.get(), POLLIN, stopped)) {
        UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (socket) {
            ++connections_;
            conversations_.emplace_back(
                [this, held = std::move(socket)](const std::stop_token& ended) mutable {
                    serve(std::move(held), ended);
                });
        }
    }
}

void TlsServer::serve(UniqueFd socket, const std::stop_token& stopped) {
    // A client that has gone must not kill the whole test with SIGPIPE.
    sigset_t broken_pipe;
    (void)sigemptyset(&broken_pipe);
    (void)sigaddset(&broken_pipe, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    const Tls tls(SSL_new(context_.get()));
    (void)SSL_set_fd(tls.get(), socket.get());
    if (patiently(tls.get(), stopped, [&] { return SSL_accept(tls.get()); }) <= 0) {
        return;
    }
    Peer peer(tls.get(), stopped);
    while (!peer.is_cut()) {
        const auto request = read_request(tls.get(), stopped);
        if (!request) {
            return;
        }
        record(*request, tls.get());
        respond_(peer, *request);
    }
}

void TlsServer::record(std::string request, SSL* tls) {
    const char* name = SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name);
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
    server_name_ = name == nullptr ? "" : name;
}

std::vector<std::string> TlsServer::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

std::string TlsServer::server_name() const {
    const std::lock_guard lock(mutex_);
    return server_name_;
}

}  // namespace install_cert::testing
