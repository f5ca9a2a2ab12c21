// SPDX-License-Identifier: Apache-2.0
#include "agent/record/state.h"

#include <catch2/catch.hpp>

#include "support/temporary_directory.h"

using namespace install_cert;
using namespace install_cert::agent;
using namespace std::chrono_literals;

namespace {

State full_state() {
    const WallTime at{1'795'268'700s};
    State state;
    state.certificates["web"] = {
        .requests = {at, at + 1s},
        .last_error = LastError{.kind = Failure::denied,
                                .what = "403 \"quoted\"\n",
                                .way_out = "add a line",
                                .at = at,
                                .attempts = 3,
                                .retry_at = at + 60s,
                                .server_wants = at + 30s},
        .leaf_postponed_until = at + 2h,
        .acknowledged = {{"unit etcd.service", "abc"}},
        .owed_reloads = {{"unit etcd.service", {.due = at + 5s, .failures = 2, .why = "failed"}}}};
    state.tokens["/etc/install-cert/token"] = {.version = "7@1795268700.5",
                                               .looked_up = at,
                                               .ends = at + 768h,
                                               .final_end = at + 900h,
                                               .renewable = true,
                                               .next_care = at + 24h,
                                               .last_error = {}};
    state.next_ca_look["kluster/pki"] = at;
    state.ca_seen["kluster/pki"]["ab12"] = at;
    return state;
}

}  // namespace

TEST_CASE("state is read back as it was written", "[state]") {
    const State state = full_state();
    CHECK(state_from_json(to_json(state)) == state);
    const testing::TemporaryDirectory directory;
    REQUIRE(write_state(directory.string(), state));
    CHECK(read_state(directory.string()) == state);
}

TEST_CASE("what is not ours is an empty state, never a crash", "[state]") {
    const std::string json =
        GENERATE("",
                 "{",
                 "[]",
                 "null",
                 "{\"certificates\":7}",
                 "{\"certificates\":{\"web\":[]}}",
                 "{\"tokens\":{\"a\":1},\"next_ca_look\":{\"m\":\"yesterday\"}}");
    CAPTURE(json);
    CHECK(state_from_json(json) == State{});
    CHECK(state_from_json(std::string(100'000, '[')) == State{});
}

TEST_CASE("a wrong member is left out and the others are kept", "[state]") {
    const State state = state_from_json(
        R"({"certificates":{"web":{"requests":["2026-01-01T00:00:00Z",7,"never"],"acknowledged":{"a":1,"b":"c"}}}})");
    CHECK(state.certificates.at("web").requests.size() == 1);
    CHECK(state.certificates.at("web").acknowledged ==
          std::map<std::string, std::string>{{"b", "c"}});
}

TEST_CASE("a reload that is owed is read as far as it makes sense", "[state]") {
    const WallTime at{1'795'268'700s};
    using Owed = std::map<std::string, OwedReload>;
    const auto [what, json, owed] = GENERATE_COPY(table<std::string, std::string, Owed>(
        {{"whole",
          R"({"due":"2026-11-21T13:45:00Z","failures":4,"why":"no"})",
          Owed{{"c", {at, 4, "no"}}}},
         {"a time alone", R"({"due":"2026-11-21T13:45:00Z"})", Owed{{"c", {at, 0, ""}}}},
         {"a negative number",
          R"({"due":"2026-11-21T13:45:00Z","failures":-1})",
          Owed{{"c", {at, 0, ""}}}},
         {"a number too large",
          R"({"due":"2026-11-21T13:45:00Z","failures":1e99})",
          Owed{{"c", {at, 0, ""}}}},
         {"no text",
          R"({"due":"2026-11-21T13:45:00Z","failures":"4","why":7})",
          Owed{{"c", {at, 0, ""}}}},
         {"no time", R"({"failures":4,"why":"no"})", Owed{}},
         {"a bad time", R"({"due":"soon","failures":4})", Owed{}},
         {"no object", R"("2026-11-21T13:45:00Z")", Owed{}}}));
    CAPTURE(what);
    const State state =
        state_from_json(R"({"certificates":{"web":{"owed_reloads":{"c":)" + json + "}}}}");
    CHECK(state.certificates.at("web").owed_reloads == owed);
}

TEST_CASE("the state of a host with thousands of certificates is read back", "[state]") {
    const testing::TemporaryDirectory directory;
    State state;
    for (int i = 0; i < 5000; ++i) {
        state.certificates["certificate-" + std::to_string(i)] =
            full_state().certificates.at("web");
    }
    REQUIRE(to_json(state).size() > (std::size_t{1} << 20));
    REQUIRE(write_state(directory.string(), state));
    CHECK(read_state(directory.string()) == state);
}

TEST_CASE("a state that is not there is empty", "[state]") {
    const testing::TemporaryDirectory directory;
    CHECK(read_state(directory.string() + "/none") == State{});
}
