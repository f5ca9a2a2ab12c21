// SPDX-License-Identifier: Apache-2.0
// The connection options, each with its reason.
#include "vault/endpoint.h"

#include <array>
#include <utility>

#include "foundation/text.h"
#include "vault/http_fields.h"

namespace install_cert::vault {
namespace {

// A black hole must not eat the time in which the next try could work.
constexpr long kConnectMilliseconds = 5000;
// RSA 4096 made by a busy Vault takes seconds without a byte; a dead peer takes for ever.
constexpr long kSilenceSeconds = 20;
// An answer is 2 to 8 KiB. One buffer for each request in flight.
constexpr long kReceiveBuffer = 8192;
constexpr long kSendBuffer = 16384;  // libcurl's least

// Sets options until one fails; the first failure stays.
class Options {
  public:
    explicit Options(CURL* easy) : easy_(easy) {}

    template <class Value>
    Options& set(CURLoption option, Value value) {
        if (code_ == CURLE_OK) {
            code_ = curl().easy_setopt(easy_, option, value);
        }
        return *this;
    }

    Options& set_if_given(CURLoption option, const std::string& value) {
        return value.empty() ? *this : set(option, value.c_str());
    }

    [[nodiscard]] CURLcode code() const { return code_; }

  private:
    CURL* easy_;
    CURLcode code_ = CURLE_OK;
};

bool append(HeaderList& list, const char* line) {
    curl_slist* longer = curl().slist_append(list.get(), line);
    if (longer == nullptr) {
        return false;
    }
    (void)list.release();
    list.reset(longer);
    return true;
}

}  // namespace

Result<Endpoint> Endpoint::from(const role::VaultAccess& access) {
    const auto origin = parse_origin(access.address);
    if (!origin) {
        return fail(Failure::config,
                    "vault.address: no http(s)://host[:port]: " + printable(access.address));
    }
    Endpoint endpoint(access);
    endpoint.scheme_ = origin->scheme;
    endpoint.base_ = origin->scheme + "://" + origin->host + ":" + origin->port;
    if (!access.tls_server_name.empty() && origin->scheme == "https") {
        // The name in the URL is the one that SNI carries and that the certificate must have; the
        // connection goes to the address all the same.
        const std::string target = access.tls_server_name + ":" + origin->port;
        endpoint.base_ = "https://" + target;
        endpoint.host_ = origin->port == "443" ? origin->host : origin->host + ":" + origin->port;
        const std::string route = target + ":" + origin->host + ":" + origin->port;
        if (!append(endpoint.connect_to_, route.c_str())) {
            return fail(Failure::io, "libcurl: out of memory");
        }
    }
    return endpoint;
}

CURLcode Endpoint::configure_tls(CURL* easy) const {
    Options options(easy);
    const long verify = access_->insecure_skip_verify ? 0 : 1;
    options.set(CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2})
        .set(CURLOPT_SSL_VERIFYPEER, verify)
        .set(CURLOPT_SSL_VERIFYHOST, 2 * verify)
        // libcurl would keep the parsed CA file for a day, and a new CA would not count.
        .set(CURLOPT_CA_CACHE_TIMEOUT, 0L)
        // One connection a turn: nothing to resume.
        .set(CURLOPT_SSL_SESSIONID_CACHE, 0L)
        .set_if_given(CURLOPT_SSLCERT, access_->client_cert)
        .set_if_given(CURLOPT_SSLKEY, access_->client_key);
    if (!access_->ca_cert.empty()) {
        options.set(CURLOPT_CAINFO, access_->ca_cert.c_str());
        // Distributions build a CApath in, which would be trusted beside the configured file.
        options.set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    return options.code();
}

Result<> Endpoint::configure(CURL* easy) const {
    Options options(easy);
    options
        .set(CURLOPT_NOSIGNAL, 1L)
        // Not the proxies, credentials and redirects of whoever's environment this is.
        .set(CURLOPT_PROXY, "")
        .set(CURLOPT_NETRC, long{CURL_NETRC_IGNORED})
        .set(CURLOPT_PROTOCOLS_STR, scheme_.c_str())
        .set(CURLOPT_FOLLOWLOCATION, 0L)
        // Path segments are encoded by us; libcurl must not resolve dots in them.
        .set(CURLOPT_PATH_AS_IS, 1L)
        .set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_2TLS})
        // Waits for the first connection to say whether it multiplexes, rather than open another.
        .set(CURLOPT_PIPEWAIT, 1L)
        .set(CURLOPT_CONNECTTIMEOUT_MS, kConnectMilliseconds)
        .set(CURLOPT_LOW_SPEED_LIMIT, 1L)
        .set(CURLOPT_LOW_SPEED_TIME, kSilenceSeconds)
        // A resolver that hangs must not hold up the end of the turn.
        .set(CURLOPT_QUICK_EXIT, 1L)
        .set(CURLOPT_BUFFERSIZE, kReceiveBuffer)
        .set(CURLOPT_UPLOAD_BUFFERSIZE, kSendBuffer)
        .set(CURLOPT_USERAGENT, "install-cert")
        .set(CURLOPT_CONNECT_TO, connect_to_.get());
    CURLcode code = options.code();
    if (code == CURLE_OK && scheme_ == "https") {
        code = configure_tls(easy);
    }
    if (code != CURLE_OK) {
        return fail(Failure::io, std::string("libcurl: ") + curl().easy_strerror(code));
    }
    return {};
}

Result<HeaderList> Endpoint::headers(const Secret* token) const {
    HeaderList list;
    // Vault Agent and Vault behind one ask for this one against request forgery.
    bool made =
        append(list, "X-Vault-Request: true") && append(list, "Content-Type: application/json");
    if (!access_->name_space.empty()) {
        made = made && append(list, ("X-Vault-Namespace: " + access_->name_space).c_str());
    }
    if (!host_.empty()) {
        made = made && append(list, ("Host: " + host_).c_str());
    }
    if (token != nullptr) {
        Secret line("X-Vault-Token: ");
        line.reserve(line.size() + token->size());
        line.append(token->reveal());
        made = made && append(list, line.data());
    }
    if (!made) {
        return fail(Failure::io, "libcurl: out of memory");
    }
    return list;
}

}  // namespace install_cert::vault
