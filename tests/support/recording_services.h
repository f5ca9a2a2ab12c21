// SPDX-License-Identifier: Apache-2.0
// A ServiceControl that writes down what it is asked and answers as scripted.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "consumers/service_control.h"
#include "foundation/result.h"
#include "foundation/text.h"
#include "role/role.h"

namespace install_cert::testing {

class RecordingServices final : public consumers::ServiceControl {
  public:
    struct Call {
        role::Consumer consumer;
        std::vector<std::string> certificates;
    };

    // What the next reload of `consumer` (a unit's name, or a command's argv joined by blanks)
    // ends with; several are used one after the other, then `done` again.
    void answer_next(const std::string& consumer, consumers::ReloadOutcome outcome) {
        scripted_[consumer].push_back(std::move(outcome));
    }

    // From now on every reload of `consumer` ends so, until cleared.
    void answer_always(const std::string& consumer, consumers::ReloadOutcome outcome) {
        standing_[consumer] = std::move(outcome);
    }

    void clear_answers() {
        scripted_.clear();
        standing_.clear();
    }

    // Called in the middle of each reload.
    void take_time(std::function<void()> pass) { pass_ = std::move(pass); }

    [[nodiscard]] consumers::ReloadOutcome reload(
        const role::Consumer& consumer, const consumers::ReloadContext& context) override {
        calls_.push_back({.consumer = consumer, .certificates = context.certificates});
        if (pass_) {
            pass_();
        }
        const std::string name = name_of(consumer);
        if (auto& answers = scripted_[name]; !answers.empty()) {
            consumers::ReloadOutcome outcome = answers.front();
            answers.erase(answers.begin());
            return outcome;
        }
        if (const auto standing = standing_.find(name); standing != standing_.end()) {
            return standing->second;
        }
        return {.state = consumers::ReloadState::done, .what = "done"};
    }

    [[nodiscard]] Result<bool> knows(const std::string& /*unit*/) override {
        return true;
    }

    [[nodiscard]] const std::vector<Call>& calls() const { return calls_; }

    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const Call& call : calls_) {
            names.push_back(name_of(call.consumer));
        }
        return names;
    }

    static std::string name_of(const role::Consumer& consumer) {
        if (const auto* unit = std::get_if<role::UnitConsumer>(&consumer.what)) {
            return unit->unit;
        }
        return join(std::get<role::CommandConsumer>(consumer.what).argv, " ");
    }

  private:
    std::vector<Call> calls_;
    std::map<std::string, std::vector<consumers::ReloadOutcome>> scripted_;
    std::map<std::string, consumers::ReloadOutcome> standing_;
    std::function<void()> pass_;
};

}  // namespace install_cert::testing
