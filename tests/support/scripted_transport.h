// SPDX-License-Identifier: Apache-2.0
// An HttpTransport whose answers a test has written beforehand, by path.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tests/support/manual_clock.h"
#include "vault/http_transport.h"

namespace install_cert::testing {

struct SeenRequest {
    vault::Verb verb;
    std::string path;
    std::string body;
    std::string token;
};

// Answers arrive at the first pump() that waits, as those of a real server. The last reply to a
// path holds for all later requests to it; a path without one is answered 404. Silence lasts until
// the deadline, to which pump() then moves the clock.
class ScriptedTransport final : public vault::HttpTransport {
  public:
    explicit ScriptedTransport(ManualClock& clock) : clock_(clock) {}

    struct Reply {
        int status = 200;
        std::string body{};
        std::optional<std::chrono::seconds> retry_after{};
        std::optional<WallTime> date{};
    };

    void reply(const std::string& path, Reply reply) {
        script_[path].emplace_back(std::move(reply));
    }

    void fail_with(const std::string& path, Error error) {
        script_[path].emplace_back(std::move(error));
    }

    void stay_silent(const std::string& path) { script_[path].emplace_back(Silence{}); }

    [[nodiscard]] const std::vector<SeenRequest>& seen() const { return seen_; }

    [[nodiscard]] std::size_t seen(std::string_view path) const {
        return static_cast<std::size_t>(std::ranges::count(seen_, path, &SeenRequest::path));
    }

    [[nodiscard]] std::size_t most_in_flight() const { return most_in_flight_; }

    void start(vault::HttpRequest request, BootTime deadline, vault::HttpDone done) override {
        seen_.push_back({.verb = request.verb,
                         .path = request.path,
                         .body = std::string(request.body.reveal()),
                         .token = std::string(request.token == nullptr ? std::string_view()
                                                                       : request.token->reveal())});
        pending_.push_back(
            {.step = next(request.path), .deadline = deadline, .done = std::move(done)});
        most_in_flight_ = std::max(most_in_flight_, pending_.size());
    }

    void pump(BootTime until) override {
        if (until <= clock_.since_boot()) {
            return;
        }
        std::vector<Pending> ready =
            take([](const Pending& each) { return !std::holds_alternative<Silence>(each.step); });
        if (ready.empty()) {
            BootTime wake = until;
            for (const Pending& each : pending_) {
                wake = std::min(wake, each.deadline);
            }
            clock_.advance_to(wake);
        }
        for (Pending& late :
             take([this](const Pending& each) { return each.deadline <= clock_.since_boot(); })) {
            late.step = Error{.kind = Failure::not_yet, .what = "timed out"};
            ready.push_back(std::move(late));
        }
        for (Pending& each : ready) {
            each.done(answer(std::move(each.step)));
        }
    }

    [[nodiscard]] std::size_t in_flight() const override { return pending_.size(); }

  private:
    struct Silence {};

    using Step = std::variant<Reply, Error, Silence>;

    struct Pending {
        Step step;
        BootTime deadline;
        vault::HttpDone done;
    };

    Step next(const std::string& path) {
        const auto found = script_.find(path);
        if (found == script_.end()) {
            return Reply{.status = 404, .body = R"({"errors":["no handler for route"]})"};
        }
        Step step = found->second.front();
        if (found->second.size() > 1) {
            found->second.pop_front();
        }
        return step;
    }

    template <class Predicate>
    std::vector<Pending> take(Predicate wanted) {
        std::vector<Pending> taken;
        for (std::size_t i = 0; i < pending_.size();) {
            if (wanted(pending_[i])) {
                taken.push_back(std::move(pending_[i]));
                pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
            } else {
                ++i;
            }
        }
        return taken;
    }

    static Result<vault::HttpResponse> answer(Step step) {
        if (auto* error = std::get_if<Error>(&step)) {
            return std::unexpected(std::move(*error));
        }
        const Reply& reply = std::get<Reply>(step);
        return vault::HttpResponse{.status = reply.status,
                                   .body = Secret(reply.body),
                                   .retry_after = reply.retry_after,
                                   .date = reply.date};
    }

    ManualClock& clock_;
    std::map<std::string, std::deque<Step>> script_;
    std::deque<Pending> pending_;
    std::vector<SeenRequest> seen_;
    std::size_t most_in_flight_ = 0;
};

}  // namespace install_cert::testing
