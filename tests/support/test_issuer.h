// SPDX-License-Identifier: Apache-2.0
// An Issuer in the test's own process: signs with a TestAuthority, counts, and fails as told.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "issuance/issuer.h"
#include "support/test_authority.h"
#include "x509/request.h"

namespace install_cert::testing {

class TestIssuer final : public issuance::Issuer {
  public:
    TestIssuer(TestAuthority authority, const Clock& clock)
        : authority_(std::move(authority)), clock_(clock) {}

    // From now on the mount's CA is this one.
    void rotate_to(TestAuthority authority) { authority_ = std::move(authority); }

    // Every order of this certificate fails so, until cleared.
    void fail(const std::string& name, Error error) { failures_[name] = std::move(error); }

    // Every look at a mount's CA fails so.
    void hide_authorities(Error error) { hidden_ = std::move(error); }

    void clear_failures() { failures_.clear(); }

    // What is granted whatever is asked.
    void grant(std::chrono::seconds lifetime) { granted_ = lifetime; }

    void issue(std::vector<issuance::Order> orders,
               BootTime,
               const issuance::Delivery& deliver) override {
        for (std::size_t i = 0; i < orders.size(); ++i) {
            ++requests_;
            const auto failure = failures_.find(orders[i].spec->name);
            if (failure != failures_.end()) {
                deliver(i, std::unexpected(failure->second));
            } else {
                deliver(i, answer(std::move(orders[i])));
            }
        }
    }

    [[nodiscard]] Result<std::vector<x509::Certificate>> authorities(const std::string&,
                                                                     BootTime) override {
        ++lookups_;
        if (hidden_) {
            return std::unexpected(*hidden_);
        }
        std::vector<x509::Certificate> result;
        result.push_back(authority_.certificate());
        return result;
    }

    // Its clock against ours.
    void run_ahead(std::chrono::seconds lead) { lead_ = lead; }

    // What was answered last is answered again, as by something that keeps answers.
    void repeat_itself() { repeats_ = true; }

    [[nodiscard]] int requests() const { return requests_; }

    [[nodiscard]] int lookups() const { return lookups_; }

  private:
    Result<issuance::IssuedMaterial> answer(issuance::Order order) {
        auto key = order.key ? Result<x509::PrivateKey>(std::move(*order.key))
                             : x509::PrivateKey::generate({.type = x509::KeyType::ec, .bits = 256});
        if (!key) {
            return std::unexpected(key.error());
        }
        const auto request = x509::make_request(*key, order.spec->names);
        Plan plan = plan_for(order.spec->names);
        plan.not_before = clock_.now() + lead_ - std::chrono::seconds{30};
        plan.not_after =
            clock_.now() + granted_.value_or(order.spec->ttl.value_or(std::chrono::hours{720}));
        plan.serial = "0a:" + std::to_string(10 + requests_ % 90);
        std::vector<x509::Certificate> authorities;
        authorities.push_back(authority_.certificate());
        if (!repeats_ || !last_) {
            last_ = parsed(authority_.sign(plan, *request));
        }
        return issuance::IssuedMaterial{.leaf = last_->clone(),
                                        .authorities = std::move(authorities),
                                        .key = std::move(*key),
                                        .response = Secret("{}"),
                                        .warnings = {}};
    }

    TestAuthority authority_;
    const Clock& clock_;
    std::map<std::string, Error> failures_;
    std::optional<Error> hidden_;
    std::optional<std::chrono::seconds> granted_;
    std::chrono::seconds lead_{0};
    bool repeats_ = false;
    std::optional<x509::Certificate> last_;
    int requests_ = 0;
    int lookups_ = 0;
};

}  // namespace install_cert::testing
