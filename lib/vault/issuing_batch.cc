// SPDX-License-Identifier: Apache-2.0
// Starts what fits, makes the next key while answers travel, delivers what has arrived.
#include "vault/issuing_batch.h"

#include <algorithm>

#include "foundation/text.h"
#include "vault/answer.h"
#include "x509/key.h"
#include "x509/request.h"

namespace install_cert::vault {
namespace {

bool is_sign(const issuance::Order& order) {
    return order.spec->method == role::Method::sign;
}

x509::KeyKind kind_of(const role::CertificateSpec& spec) {
    return spec.key.value_or(
        x509::KeyKind{.type = x509::KeyType::ec, .bits = x509::default_bits(x509::KeyType::ec)});
}

// Vault dates certificates 30 s back; a host whose clock is slower than that holds them not yet
// valid, one that is fast renews late. Said before it hurts.
std::optional<std::string> clock_remark(const HttpResponse& response, WallTime now) {
    constexpr std::chrono::seconds kTolerance{20};
    if (!response.date || std::chrono::abs(*response.date - now) <= kTolerance) {
        return std::nullopt;
    }
    const bool slow = *response.date > now;
    return "this host's clock is " + to_human(std::chrono::abs(*response.date - now)) +
           (slow ? " behind Vault's" : " ahead of Vault's");
}

}  // namespace

IssuingBatch::IssuingBatch(IssuingContext context,
                           std::vector<issuance::Order> orders,
                           const issuance::Delivery& deliver)
    : context_(context), deliver_(deliver), undelivered_(orders.size()) {
    items_.reserve(orders.size());
    for (issuance::Order& order : orders) {
        waiting_.push_back(items_.size());
        items_.push_back({.order = std::move(order)});
    }
    // Orders whose key Vault makes go first: they need nothing from us, and Vault the longest.
    std::ranges::stable_partition(waiting_,
                                  [&](std::size_t index) { return !is_sign(items_[index].order); });
}

void IssuingBatch::run() {
    constexpr BootTime kNoWait{0};
    while (undelivered_ > 0) {
        if (context_.clock.since_boot() >= context_.deadline) {
            Error late{.kind = Failure::not_yet, .what = "no answer before the deadline"};
            deliver_rest(Stage::waiting, late);
            late.may_have_happened = true;
            deliver_rest(Stage::in_flight, late);
            return;
        }
        const bool room = !waiting_.empty() && in_flight_ < kInFlight;
        if (room) {
            const std::size_t next = waiting_.front();
            waiting_.pop_front();
            begin(next);
        }
        // With nothing in flight there is nothing to wait for.
        const bool more = !waiting_.empty() && in_flight_ < kInFlight;
        context_.client.transport().pump(more || in_flight_ == 0 ? kNoWait : context_.deadline);
        while (!arrived_->empty()) {
            Arrival arrival = std::move(arrived_->front());
            arrived_->pop_front();
            settle(std::move(arrival));
        }
    }
}

void IssuingBatch::begin(std::size_t index) {
    if (auto ready = prepare(items_[index]); !ready) {
        deliver(index, std::unexpected(ready.error()));
        return;
    }
    send(index);
}

Result<> IssuingBatch::prepare(Item& item) {
    if (!is_sign(item.order)) {
        return {};
    }
    if (!item.order.key) {
        auto key = x509::PrivateKey::generate(kind_of(*item.order.spec));
        if (!key) {
            return std::unexpected(key.error());
        }
        item.order.key = std::move(*key);
    }
    auto csr = x509::make_request(*item.order.key, item.order.spec->names);
    if (!csr) {
        return std::unexpected(csr.error());
    }
    item.csr = std::move(*csr);
    return {};
}

void IssuingBatch::send(std::size_t index) {
    Item& item = items_[index];
    const auto token = context_.client.token(item.order.spec->auth, context_.deadline);
    if (!token) {
        deliver(index, std::unexpected(token.error()));
        return;
    }
    item.sent_afresh = context_.client.is_refreshed(item.order.spec->auth);
    HttpRequest request = issuing_request(*item.order.spec, item.csr);
    request.token = *token;
    item.stage = Stage::in_flight;
    ++in_flight_;
    context_.client.transport().start(std::move(request),
                                      context_.deadline,
                                      [arrived = arrived_, index](Result<HttpResponse> response) {
                                          arrived->emplace_back(index, std::move(response));
                                      });
}

void IssuingBatch::settle(Arrival arrival) {
    auto& [index, response] = arrival;
    --in_flight_;
    Item& item = items_[index];
    const std::string path = issuing_path(*item.order.spec);
    if (!response) {
        auto failure = while_doing(path, response.error());
        const bool away = response.error().kind != Failure::rejected;
        deliver(index, std::move(failure));
        // A Vault that never answered is away for all; one that did may have lost a connection.
        if (away && !answered_) {
            halt(response.error());
        }
        return;
    }
    answered_ = true;
    const int status = response->status;
    if (status == 200) {
        deliver(index, material(item, std::move(*response)));
    } else if (status == 403) {
        settle_denial(index, std::move(*response));
    } else {
        const Error error = refusal(path, std::move(*response));
        deliver(index, std::unexpected(error));
        if (concerns_whole_server(status)) {
            halt(error);
        }
    }
}

void IssuingBatch::settle_denial(std::size_t index, HttpResponse response) {
    Item& item = items_[index];
    const role::Auth& auth = item.order.spec->auth;
    // Orders that were sent before a refresh share its result.
    if (!item.sent_afresh && context_.client.refresh_token(auth, context_.deadline)) {
        item.stage = Stage::waiting;
        send(index);
        return;
    }
    const std::string path = issuing_path(*item.order.spec);
    deliver(index,
            std::unexpected(context_.client.explain_denial(
                auth, path, refusal(path, std::move(response)), context_.deadline)));
}

Result<issuance::IssuedMaterial> IssuingBatch::material(Item& item, HttpResponse response) {
    const std::string path = issuing_path(*item.order.spec);
    // Parsing writes into the answer, so the copy to be installed is made before; and only then.
    Secret as_received = item.order.spec->files.response ? response.body.clone() : Secret{};
    const auto remark = clock_remark(response, context_.clock.now());
    const auto json = json_answer(path, std::move(response));
    if (!json) {
        return std::unexpected(json.error());
    }
    // A sign order's own key goes with its certificate. With `issue` the key is Vault's, whatever
    // the order held.
    auto key = is_sign(item.order) ? std::move(item.order.key) : std::nullopt;
    auto material = read_material(*json, std::move(key), authorities_);
    if (!material) {
        return while_doing(path, material.error());
    }
    material->response = std::move(as_received);
    if (remark) {
        material->warnings.push_back(*remark);
    }
    return material;
}

void IssuingBatch::halt(const Error& cause) {
    Error error = cause;
    error.what = "not asked: " + cause.what;
    error.may_have_happened = false;
    deliver_rest(Stage::waiting, error);
    waiting_.clear();
}

void IssuingBatch::deliver(std::size_t index, Result<issuance::IssuedMaterial> material) {
    items_[index].stage = Stage::delivered;
    --undelivered_;
    deliver_(index, std::move(material));
}

void IssuingBatch::deliver_rest(Stage stage, const Error& error) {
    for (std::size_t index = 0; index < items_.size(); ++index) {
        if (items_[index].stage == stage) {
            deliver(index, while_doing(issuing_path(*items_[index].order.spec), error));
        }
    }
}

}  // namespace install_cert::vault
