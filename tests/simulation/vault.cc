// SPDX-License-Identifier: Apache-2.0
#include "simulation/vault.h"

#include <algorithm>
#include <utility>

#include "agent/turn/vault_session.h"

namespace install_cert::simulation {
namespace {

constexpr Millis kRequestTime = 30 * kSecond;

vault::HttpResponse status(int code, std::string_view body) {
    return {.status = code, .body = Secret(body), .retry_after = {}, .date = {}};
}

std::string field(std::string_view body, std::string_view key) {
    const std::string mark = "\"" + std::string(key) + "\":\"";
    const auto at = body.find(mark);
    if (at == std::string_view::npos) {
        return {};
    }
    const auto begin = at + mark.size();
    return std::string(body.substr(begin, body.find('"', begin) - begin));
}

Error lost(Failure kind, std::string what) {
    return {.kind = kind, .what = std::move(what), .may_have_happened = true};
}

std::string text_of(const Authority& authority) {
    return "CA " + std::to_string(authority.number) + " " +
           std::to_string(authority.ends / kSecond);
}

}  // namespace

vault::HttpTransport* current_wire = nullptr;
const TokenFile* current_token = nullptr;

void Wire::start(vault::HttpRequest request, BootTime deadline, vault::HttpDone done) {
    Answer given = answer(request);
    const Millis left = std::min<Millis>(
        kRequestTime, std::max<Millis>(0, (deadline - time_.since_boot()).count()));
    if (given.after > left) {
        given = {.after = left,
                 .result = std::unexpected(lost(Failure::not_yet, "no answer in time"))};
    }
    pending_.push_back({.at = time_.now() + given.after,
                        .done = std::move(done),
                        .result = std::move(given.result)});
}

void Wire::pump(BootTime until) {
    if (pending_.empty()) {
        time_.pass(std::max<Millis>(0, (until - time_.since_boot()).count()));
        return;
    }
    const Millis first = std::ranges::min_element(pending_, {}, &Pending::at)->at;
    const Millis wait = std::max<Millis>(0, (until - time_.since_boot()).count());
    time_.pass(std::max<Millis>(0, std::min(first - time_.now(), wait)));
    for (;;) {
        const auto arrived = std::ranges::find_if(
            pending_, [&](const Pending& one) { return one.at <= time_.now(); });
        if (arrived == pending_.end()) {
            return;
        }
        Pending one = std::move(*arrived);
        pending_.erase(arrived);
        one.done(std::move(one.result));
    }
}

std::optional<Wire::Answer> Wire::unreachable() const {
    switch (vault_.mood) {
        case VaultMood::away:
            return Answer{.after = 2,
                          .result = std::unexpected(
                              Error{.kind = Failure::unavailable, .what = "connection refused"})};
        case VaultMood::black_hole:
            return Answer{.after = 5 * kSecond,
                          .result = std::unexpected(Error{.kind = Failure::unavailable,
                                                          .what = "no connection in time"})};
        default:
            return std::nullopt;
    }
}

std::optional<Wire::Answer> Wire::refusal() const {
    switch (vault_.mood) {
        case VaultMood::sealed:
            return Answer{.after = 3, .result = status(503, R"({"errors":["Vault is sealed"]})")};
        case VaultMood::not_vault:
            return Answer{.after = 20, .result = status(200, "<html>welcome</html>")};
        default:
            return std::nullopt;
    }
}

Wire::Answer Wire::answer(const vault::HttpRequest& request) {
    if (auto nobody = unreachable()) {
        return std::move(*nobody);
    }
    const bool issuing = request.body.reveal().contains("common_name");
    if (issuing) {
        watch_.asked(field(request.body.reveal(), "common_name"));
    } else if (request.path.ends_with("/ca_chain")) {
        watch_.looked_up();
    } else if (request.path.contains("/token/")) {
        watch_.cared_for_token();
    }
    if (auto refused = refusal()) {
        return std::move(*refused);
    }
    const Millis latency =
        vault_.mood == VaultMood::slow ? random_.between(5'000, 25'000) : random_.between(3, 40);
    if (vault_.mood == VaultMood::throttles && issuing) {
        auto throttled = status(429, R"({"errors":["rate limit quota exceeded"]})");
        throttled.retry_after = vault_.retry_after;
        if (vault_.retry_after) {
            watch_.throttled(field(request.body.reveal(), "common_name"), *vault_.retry_after);
        }
        return {.after = 3, .result = std::move(throttled)};
    }
    if (request.path.ends_with("/ca_chain")) {
        return {.after = latency, .result = status(200, text_of(vault_.authority))};
    }
    if (time_.now() >= vault_.token_ends) {
        return {.after = 3, .result = status(403, R"({"errors":["permission denied"]})")};
    }
    if (issuing) {
        Answer issued = issue(request);
        issued.after += latency;
        return issued;
    }
    const auto left = [&] { return std::to_string((vault_.token_ends - time_.now()) / kSecond); };
    if (request.path.ends_with("renew-self")) {
        vault_.token_ends = time_.now() + vault_.token_period;
        return {.after = latency,
                .result =
                    status(200, R"({"auth":{"renewable":true,"lease_duration":)" + left() + "}}")};
    }
    return {.after = latency,
            .result = status(
                200, R"({"data":{"renewable":true,"expire_time":"x","ttl":)" + left() + "}}")};
}

Wire::Answer Wire::issue(const vault::HttpRequest& request) {
    const std::string body(request.body.reveal());
    const std::string name = field(body, "common_name");
    if (vault_.mood == VaultMood::refuses) {
        return {.after = 0,
                .result = status(400, R"({"errors":["role requires keys of type rsa"]})")};
    }
    if (vault_.mood == VaultMood::gateway_timeout && random_.chance(0.5)) {
        return {.after = 100, .result = status(504, "<html>gateway time-out</html>")};
    }
    std::string made = make(body, vault_.mood == VaultMood::wrong_answer ? "other" : name);
    watch_.issued(name);
    if (vault_.mood == VaultMood::gateway_timeout) {
        return {.after = 100, .result = status(504, "<html>gateway time-out</html>")};
    }
    if (vault_.mood == VaultMood::loses || random_.chance(vault_.loss)) {
        return {.after = random_.between(1, 5000),
                .result = std::unexpected(lost(Failure::unavailable, "connection reset"))};
    }
    if (vault_.mood == VaultMood::stalls) {
        return {.after = kDay, .result = status(200, made)};
    }
    return {.after = 0, .result = status(200, made)};
}

std::string Wire::make(const std::string& body, const std::string& name) {
    const std::string csr = field(body, "csr");
    const std::string serial = std::to_string(++vault_.serials);
    const std::string key = csr.empty() ? "vault-key-" + serial : csr;
    const std::string ttl = field(body, "ttl");
    const Millis lifetime = (ttl.empty() ? vault_.default_ttl.count() : std::stoll(ttl)) * kSecond;
    const Millis begins = time_.now() - 30 * kSecond;
    const Millis ends = std::min(time_.now() + lifetime, vault_.authority.ends);
    return R"({"data":{"certificate":"LEAF )" + serial + " " +
           std::to_string(vault_.authority.number) + " " + key + " " +
           std::to_string(begins / kSecond) + " " + std::to_string(ends / kSecond) + " " + name +
           R"(","issuing_ca":")" + text_of(vault_.authority) + R"(","private_key":")" + key +
           R"("}})";
}

}  // namespace install_cert::simulation

// The session of a turn, in place of the agent's: the same client on the simulated wire.
namespace install_cert::agent {

Result<Secret> SecretReader::operator()(const role::Auth&, const std::string& path) const {
    if (!simulation::current_token->is_there) {
        return fail(Failure::not_yet, path + ": no such file");
    }
    return Secret("token");
}

std::string SecretReader::token_version(const role::Auth&) const {
    const simulation::TokenFile& file = *simulation::current_token;
    return file.is_there ? std::to_string(file.version) : std::string();
}

Result<vault::Client*> VaultSession::client() {
    if (!client_) {
        client_ = std::make_unique<vault::Client>(
            *simulation::current_wire, access_, read_secret_, clock_);
        issuer_ = std::make_unique<vault::VaultIssuer>(*client_, clock_);
    }
    return client_.get();
}

Result<issuance::Issuer*> VaultSession::issuer() {
    if (const auto opened = client(); !opened) {
        return std::unexpected(opened.error());
    }
    return issuer_.get();
}

void VaultSession::close() {
    issuer_.reset();
    client_.reset();
}

}  // namespace install_cert::agent
