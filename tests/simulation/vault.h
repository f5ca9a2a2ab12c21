// SPDX-License-Identifier: Apache-2.0
// A Vault as the wire shows it, in virtual time: answers, refuses, throttles, loses answers, and
// writes down every certificate that it makes. The product's own Vault client talks to it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "simulation/random.h"
#include "vault/http_transport.h"

namespace install_cert::simulation {

using Millis = std::int64_t;  // of true time, since 1970

inline constexpr Millis kSecond = 1000;
inline constexpr Millis kMinute = 60 * kSecond;
inline constexpr Millis kHour = 60 * kMinute;
inline constexpr Millis kDay = 24 * kHour;

enum class VaultMood : std::uint8_t {
    serves,
    slow,             // 5 to 25 s an answer
    away,             // connection refused
    black_hole,       // no connection in time
    sealed,           // 503
    throttles,        // 429
    loses,            // issues, and the connection is cut before the answer
    stalls,           // issues, and the answer never comes
    gateway_timeout,  // 504, half of the time after it issued
    refuses,          // 400
    wrong_answer,     // issues for another name
    not_vault,        // a captive portal
};

struct Authority {
    std::uint64_t number = 1;
    Millis ends = 0;
};

// What a Vault is asked and what it makes, told to whoever watches it.
class VaultWatch {
  public:
    virtual ~VaultWatch() = default;
    virtual void asked(const std::string& name) = 0;
    virtual void issued(const std::string& name) = 0;
    virtual void looked_up() = 0;
    // lookup-self, renew-self.
    virtual void cared_for_token() = 0;
    // A 429 with this Retry-After was sent for `name`.
    virtual void throttled(const std::string& name, std::chrono::seconds retry_after) = 0;
};

struct Vault {
    VaultMood mood = VaultMood::serves;
    std::optional<std::chrono::seconds> retry_after{};  // of `throttles`
    double loss = 0;                                    // of single answers, while it serves
    Authority authority{};
    std::chrono::seconds default_ttl{720 * 3600};
    Millis token_ends = 0;
    Millis token_period = 72 * kHour;
    std::uint64_t serials = 0;
};

// One host's connection to its Vault. Time is the host's: `now` and `pass` are true time.
class Wire final : public vault::HttpTransport {
  public:
    struct Time {
        std::function<Millis()> now;
        std::function<BootTime()> since_boot;
        std::function<void(Millis)> pass;
    };

    Wire(Vault& vault, Random& random, VaultWatch& watch, Time time)
        : vault_(vault), random_(random), watch_(watch), time_(std::move(time)) {}

    void start(vault::HttpRequest request, BootTime deadline, vault::HttpDone done) override;
    void pump(BootTime until) override;

    [[nodiscard]] std::size_t in_flight() const override { return pending_.size(); }

    // The turn that began these is over, or was killed.
    void forget() { pending_.clear(); }

  private:
    struct Pending {
        Millis at;
        vault::HttpDone done;
        Result<vault::HttpResponse> result;
    };

    struct Answer {
        Millis after;
        Result<vault::HttpResponse> result;
    };

    [[nodiscard]] Answer answer(const vault::HttpRequest& request);
    [[nodiscard]] Answer issue(const vault::HttpRequest& request);
    [[nodiscard]] std::string make(const std::string& body, const std::string& name);
    [[nodiscard]] std::optional<Answer> unreachable() const;
    [[nodiscard]] std::optional<Answer> refusal() const;

    Vault& vault_;
    Random& random_;
    VaultWatch& watch_;
    Time time_;
    std::deque<Pending> pending_;
};

// A host's token file, which may be away or be replaced.
struct TokenFile {
    bool is_there = true;
    unsigned version = 1;
};

// What the next VaultSession speaks through, and where it reads its token.
extern vault::HttpTransport* current_wire;
extern const TokenFile* current_token;

}  // namespace install_cert::simulation
