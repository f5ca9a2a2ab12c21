// SPDX-License-Identifier: Apache-2.0
// The callbacks of libcurl and the limits.
#include "vault/transfer.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "foundation/text.h"
#include "vault/curl_failure.h"
#include "vault/http_fields.h"

namespace install_cert::vault {
namespace {

// A field that is longer was not written by Vault.
constexpr std::size_t kFieldLimit = 2048;

}  // namespace

Result<std::unique_ptr<Transfer>> Transfer::create(const Endpoint& endpoint) {
    EasyHandle easy(curl().easy_init());
    if (!easy) {
        return fail(Failure::io, "libcurl: out of memory");
    }
    if (auto configured = endpoint.configure(easy.get()); !configured) {
        return std::unexpected(configured.error());
    }
    std::unique_ptr<Transfer> transfer(new Transfer(std::move(easy)));
    CURL* handle = transfer->native();
    (void)curl().easy_setopt(handle, CURLOPT_ERRORBUFFER, transfer->words_.data());
    (void)curl().easy_setopt(handle, CURLOPT_PRIVATE, transfer.get());
    (void)curl().easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    (void)curl().easy_setopt(handle, CURLOPT_WRITEDATA, transfer.get());
    (void)curl().easy_setopt(handle, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    (void)curl().easy_setopt(handle, CURLOPT_HEADERDATA, transfer.get());
    (void)curl().easy_setopt(handle, CURLOPT_READFUNCTION, &Transfer::on_upload);
    (void)curl().easy_setopt(handle, CURLOPT_READDATA, transfer.get());
    return transfer;
}

void Transfer::take(HttpRequest request,
                    const curl_slist* headers,
                    BootTime expires,
                    HttpDone done) {
    request_ = std::move(request);
    headers_ = headers;
    expires_ = expires;
    done_ = std::move(done);
    redirects_ = 0;
    resends_ = 0;
}

Result<> Transfer::arm(const Endpoint& endpoint, std::string path) {
    request_.path = std::move(path);
    forget_answer();
    uploaded_ = 0;
    CURL* handle = native();
    const std::string url = endpoint.url(request_.path);
    CURLcode code = curl().easy_setopt(handle, CURLOPT_URL, url.c_str());
    if (code == CURLE_OK) {
        code = curl().easy_setopt(handle, CURLOPT_HTTPHEADER, headers_);
    }
    if (code != CURLE_OK) {
        return fail(Failure::io, std::string("libcurl: ") + curl().easy_strerror(code));
    }
    const auto size = static_cast<curl_off_t>(request_.body.size());
    // libcurl sends a request again by itself when a kept connection turns out dead, but only if it
    // can rewind the body. Given by callback it cannot: nothing is sent twice that was sent at all.
    const bool rewindable = request_.resend == Resend::once;
    if (request_.verb == Verb::get) {
        (void)curl().easy_setopt(handle, CURLOPT_HTTPGET, 1L);
    } else {
        (void)curl().easy_setopt(handle, CURLOPT_POST, 1L);
        (void)curl().easy_setopt(
            handle, CURLOPT_POSTFIELDS, rewindable ? request_.body.data() : nullptr);
        (void)curl().easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, size);
    }
    return {};
}

void Transfer::forget_answer() {
    words_.front() = '\0';
    body_.wipe();
    header_bytes_ = 0;
    excess_ = Excess::none;
    forget_fields();
}

void Transfer::forget_fields() {
    headers_ended_ = false;
    length_told_ = false;
    for (std::string* field : {&retry_after_, &date_, &location_}) {
        field->clear();
    }
}

HttpDone Transfer::release() {
    forget_answer();
    request_ = {};
    headers_ = nullptr;
    return std::exchange(done_, {});
}

// A proxy's page for developers quotes the request it got, headers included, and pages are quoted
// in our messages. What we ask Vault about a token does not need the token back.
void Transfer::forget_quoted_token() {
    // What is shorter than any token occurs in answers by itself.
    constexpr std::size_t kShortestToken = 8;
    if (request_.token == nullptr || request_.token->size() < kShortestToken) {
        return;
    }
    const std::string_view token = request_.token->reveal();
    std::size_t at = body_.reveal().find(token);
    while (at != std::string_view::npos) {
        std::memset(body_.data() + at, '*', token.size());
        at = body_.reveal().find(token, at + token.size());
    }
}

HttpResponse Transfer::response(WallTime now) {
    forget_quoted_token();
    return {.status = static_cast<int>(status()),
            .body = std::move(body_),
            .retry_after = parse_retry_after(retry_after_, now),
            .date = parse_http_date(date_)};
}

Error Transfer::failure(CURLcode code, const role::VaultAccess& access) const {
    if (excess_ == Excess::body || excess_ == Excess::headers) {
        const bool body = excess_ == Excess::body;
        return {.kind = Failure::rejected,
                .what = access.address + ": the answer's " + (body ? "body" : "headers") +
                        " exceed " + (body ? "1 MiB" : "64 KiB") + ": not from Vault"};
    }
    if (code == CURLE_OPERATION_TIMEDOUT && words_.front() == '\0') {
        const std::string_view words =
            was_connected() ? "no answer in time" : "could not be reached in time";
        return explain({.code = code, .words = words, .connected = was_connected()}, access);
    }
    return explain({.code = code, .words = words_.data(), .connected = was_connected()}, access);
}

bool Transfer::is_whole() const {
    return headers_ended_ && (length_told_ || body_.empty());
}

bool Transfer::may_resend() {
    return request_.resend == Resend::once && excess_ == Excess::none && resends_++ == 0;
}

long Transfer::status() const {
    long status = 0;
    (void)curl().easy_getinfo(native(), CURLINFO_RESPONSE_CODE, &status);
    return status;
}

bool Transfer::was_connected() const {
    curl_off_t microseconds = 0;
    (void)curl().easy_getinfo(native(), CURLINFO_PRETRANSFER_TIME_T, &microseconds);
    return microseconds > 0;
}

std::size_t Transfer::on_body(char* bytes, std::size_t, std::size_t size, void* self) {
    return static_cast<Transfer*>(self)->accept_body({bytes, size}) ? size : CURL_WRITEFUNC_ERROR;
}

std::size_t Transfer::on_header(char* bytes, std::size_t, std::size_t size, void* self) {
    return static_cast<Transfer*>(self)->accept_header({bytes, size}) ? size : 0;
}

std::size_t Transfer::on_upload(char* room, std::size_t, std::size_t size, void* self) {
    auto* transfer = static_cast<Transfer*>(self);
    const std::string_view rest = transfer->request_.body.reveal().substr(transfer->uploaded_);
    const std::size_t part = std::min(size, rest.size());
    std::memcpy(room, rest.data(), part);
    transfer->uploaded_ += part;
    return part;
}

bool Transfer::accept_body(std::string_view bytes) {
    if (body_.size() + bytes.size() > kBodyLimit) {
        excess_ = Excess::body;
        return false;
    }
    if (body_.empty()) {
        // Room for the announced length, so that the answer is never moved while it grows.
        curl_off_t announced = 0;
        (void)curl().easy_getinfo(native(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
        body_.reserve(static_cast<std::size_t>(
            std::clamp<curl_off_t>(announced, curl_off_t{4096}, curl_off_t{kBodyLimit})));
    }
    body_.append(bytes);
    return true;
}

bool Transfer::accept_header(std::string_view line) {
    header_bytes_ += line.size();
    if (header_bytes_ > kHeaderLimit) {
        excess_ = Excess::headers;
        return false;
    }
    if (line.starts_with("HTTP/")) {
        // Of several answers (103 Early Hints), only the last one counts. HTTP/2 frames its bodies.
        forget_fields();
        length_told_ = line.starts_with("HTTP/2");
    } else if (line == "\r\n" || line == "\n") {
        headers_ended_ = true;
    } else if (line.size() <= kFieldLimit) {
        note_field(line);
    }
    return true;
}

void Transfer::note_field(std::string_view line) {
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string name = to_lower(line.substr(0, colon));
    if (name == "content-length" || name == "transfer-encoding") {
        length_told_ = true;
    }
    const std::pair<std::string_view, std::string*> wanted[] = {
        {"retry-after", &retry_after_}, {"date", &date_}, {"location", &location_}};
    for (const auto& [known, field] : wanted) {
        if (name == known) {
            *field = trim(line.substr(std::min(colon + 1, line.size())));
        }
    }
}

}  // namespace install_cert::vault
