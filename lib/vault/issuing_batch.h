// SPDX-License-Identifier: Apache-2.0
// The orders of one issue() call on their way through: waiting, in flight, delivered.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foundation/clock.h"
#include "foundation/result.h"
#include "issuance/issuer.h"
#include "vault/client.h"
#include "vault/http_transport.h"
#include "vault/pki_messages.h"

namespace install_cert::vault {

// Enough to keep a server of many cores busy over one connection; few enough that a server which
// dies in the middle leaves few strays, and that their buffers stay below 1 MiB.
inline constexpr std::size_t kInFlight = 16;

struct IssuingContext {
    Client& client;
    const Clock& clock;
    BootTime deadline;
};

// Delivers each order exactly once, whatever happens.
class IssuingBatch {
  public:
    IssuingBatch(IssuingContext context,
                 std::vector<issuance::Order> orders,
                 const issuance::Delivery& deliver);
    void run();

  private:
    enum class Stage : std::uint8_t { waiting, in_flight, delivered };

    struct Item {
        issuance::Order order;
        Stage stage = Stage::waiting;
        std::string csr{};  // of a sign order whose key is made
        bool sent_afresh = false;
    };

    using Arrival = std::pair<std::size_t, Result<HttpResponse>>;

    void begin(std::size_t index);
    void send(std::size_t index);
    [[nodiscard]] Result<> prepare(Item& item);
    void settle(Arrival arrival);
    void settle_denial(std::size_t index, HttpResponse response);
    [[nodiscard]] Result<issuance::IssuedMaterial> material(Item& item, HttpResponse response);
    // From now on nothing more is sent.
    void halt(const Error& cause);
    void deliver(std::size_t index, Result<issuance::IssuedMaterial> material);
    void deliver_rest(Stage stage, const Error& error);

    IssuingContext context_;
    std::vector<Item> items_;
    const issuance::Delivery& deliver_;
    std::deque<std::size_t> waiting_;
    std::size_t undelivered_;
    std::size_t in_flight_ = 0;
    bool answered_ = false;
    // Shared with the transport's callbacks, which may outlive a batch that met its deadline.
    std::shared_ptr<std::deque<Arrival>> arrived_ = std::make_shared<std::deque<Arrival>>();
    AuthorityReader authorities_;
};

}  // namespace install_cert::vault
