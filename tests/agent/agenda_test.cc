// SPDX-License-Identifier: Apache-2.0
#include "agent/supervisor/agenda.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include <catch2/catch.hpp>

#include "agent/supervisor/control.h"
#include "support/temporary_directory.h"

using namespace install_cert;
using namespace install_cert::supervisor;
using namespace std::chrono_literals;

namespace {

constexpr WallTime kNow{1'795'268'700s};

TurnReport report(WallTime next_wake) {
    return {.exit_code = 0, .valid = true, .next_wake = next_wake, .status = "web next 3d"};
}

constexpr uid_t kRoot = 0;
constexpr uid_t kNobody = 65534;

// One end of a connection that was made by `user`.
UniqueFd peer_of(uid_t user) {
    std::array<int, 2> ends{-1, -1};
    REQUIRE(::seteuid(user) == 0);
    const int made = ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data());
    REQUIRE(::seteuid(kRoot) == 0);
    REQUIRE(made == 0);
    const UniqueFd other(ends[1]);
    return UniqueFd(ends[0]);
}

}  // namespace

TEST_CASE("the first turn is a start, those after it are the timer's", "[agenda][fault-8]") {
    Agenda agenda(Cause::start, kNow + 5s);
    CHECK_FALSE(agenda.take(kNow));
    CHECK(agenda.take(kNow + 5s)->cause == Cause::start);
    (void)agenda.finished(report(kNow + 1h), kNow + 6s, 0.5);
    CHECK_FALSE(agenda.take(kNow + 59min));
    CHECK(agenda.take(kNow + 1h)->cause == Cause::timer);
}

TEST_CASE("a start that lacked something of the host is tried again as a start", "[agenda]") {
    Agenda agenda(Cause::start, kNow);
    REQUIRE(agenda.take(kNow)->cause == Cause::start);
    TurnReport lacking = report(kNow + 10s);
    lacking.again = true;
    (void)agenda.finished(lacking, kNow, 0.5);
    CHECK(agenda.take(agenda.next_wake())->cause == Cause::start);
    (void)agenda.finished(report(kNow + 1h), kNow, 0.5);
    CHECK(agenda.take(kNow + 1h)->cause == Cause::timer);
}

TEST_CASE("a renewal before the first turn does not put it off", "[agenda]") {
    const auto [what, ended, asked_for, wake] =
        GENERATE(table<const char*, WallTime, WallTime, WallTime>(
            {{"the report asks for later", kNow + 4s, kNow + 1h, kNow + 15s},
             {"the report asks for sooner", kNow + 4s, kNow + 10s, kNow + 10s},
             {"the renewal takes longer", kNow + 20s, kNow + 1h, kNow + 15s}}));
    CAPTURE(what);
    Agenda agenda(Cause::start, kNow + 15s);
    agenda.signal_renew();
    REQUIRE(agenda.take(kNow + 3s)->cause == Cause::renew);
    (void)agenda.finished(report(asked_for), ended, 0.5);
    CHECK(agenda.next_wake() == wake);
    CHECK(agenda.take(std::max(wake, ended))->cause == Cause::start);
    (void)agenda.finished(report(kNow + 1h), kNow + 21s, 0.5);
    CHECK(agenda.next_wake() == kNow + 1h);
}

TEST_CASE("what reads or plans everything anew before the first turn is the start", "[agenda]") {
    const auto ask = GENERATE(&Agenda::signal_reload, &Agenda::clock_was_set);
    Agenda agenda(Cause::start, kNow + 15s);
    (agenda.*ask)();
    CHECK(agenda.take(kNow)->cause == Cause::start);
    (void)agenda.finished(report(kNow + 1h), kNow, 0.5);
    CHECK_FALSE(agenda.take(kNow + 15s));
    CHECK(agenda.take(kNow + 1h)->cause == Cause::timer);
}

TEST_CASE("a turn that met another instance is tried again as it was asked", "[agenda]") {
    Agenda agenda(Cause::start, kNow + 1h);
    agenda.ask_renewal({"web"}, 7);
    WallTime now = kNow;
    TurnReport busy = report(kNow + 10s);
    busy.again = true;
    for (int met = 0; met < 10; ++met) {
        const auto order = agenda.take(now);
        REQUIRE(order);
        CHECK(order->cause == Cause::renew);
        CHECK(order->names == std::vector<std::string>{"web"});
        CHECK(agenda.finished(busy, now, 0.5).empty());
        CHECK(agenda.next_wake() <= now + 60s);
        now = agenda.next_wake();
    }
    REQUIRE(agenda.take(now));
    CHECK(agenda.finished(report(now + 1h), now, 0.5) == std::vector<int>{7});
}

TEST_CASE("a clock step ends the wait for another try", "[agenda]") {
    Agenda agenda(Cause::reload, kNow);
    REQUIRE(agenda.take(kNow));
    (void)agenda.finished(std::nullopt, kNow, 0.5);
    const WallTime set_back = kNow - 24h;
    CHECK_FALSE(agenda.take(set_back));
    agenda.clock_was_set();
    CHECK(agenda.take(set_back)->cause == Cause::reload);
}

TEST_CASE("a storm of signals makes two turns at most", "[agenda][fault-99][fault-100]") {
    Agenda agenda(Cause::start, kNow + 1h);
    agenda.signal_renew();
    CHECK(agenda.take(kNow)->cause == Cause::renew);
    for (int i = 0; i < 1000; ++i) {
        agenda.signal_renew();
        CHECK_FALSE(agenda.take(kNow));
    }
    (void)agenda.finished(report(kNow + 1h), kNow, 0.5);
    CHECK(agenda.take(kNow)->cause == Cause::renew);
    (void)agenda.finished(report(kNow + 1h), kNow, 0.5);
    CHECK_FALSE(agenda.take(kNow));
}

TEST_CASE("a reload goes before a renewal", "[agenda][fault-99]") {
    Agenda agenda(Cause::timer, kNow + 1h);
    agenda.signal_renew();
    agenda.signal_reload();
    CHECK(agenda.take(kNow)->cause == Cause::reload);
    (void)agenda.finished(report(kNow + 1h), kNow, 0.5);
    CHECK(agenda.take(kNow)->cause == Cause::renew);
}

TEST_CASE("named renewals are merged, and one of everything swallows the names", "[agenda]") {
    Agenda agenda(Cause::start, kNow + 1h);
    agenda.ask_renewal({"web"}, 7);
    agenda.ask_renewal({"db", "web"}, std::nullopt);
    const auto named = agenda.take(kNow);
    CHECK(named->names == std::vector<std::string>{"db", "web"});
    CHECK(named->waiting == std::vector<int>{7});
    CHECK(agenda.finished(report(kNow + 1h), kNow, 0.5) == std::vector<int>{7});
    agenda.ask_renewal({"web"}, 8);
    agenda.ask_renewal({"gone"}, 9);
    agenda.signal_renew();
    agenda.forget(9);
    const auto all = agenda.take(kNow);
    CHECK(all->names.empty());
    CHECK(all->waiting == std::vector<int>{8});
}

TEST_CASE("a clock step plans again at once", "[agenda][fault-6]") {
    Agenda agenda(Cause::start, kNow);
    (void)agenda.take(kNow);
    (void)agenda.finished(report(kNow + 24h), kNow, 0.5);
    agenda.clock_was_set();
    CHECK(agenda.take(kNow)->cause == Cause::clock);
}

TEST_CASE("a worker that dies is started again with back-off", "[agenda]") {
    Agenda agenda(Cause::start, kNow);
    WallTime now = kNow;
    std::chrono::seconds last{0};
    for (int death = 0; death < 10; ++death) {
        REQUIRE(agenda.take(now));
        (void)agenda.finished(std::nullopt, now, 0.5);
        const std::chrono::seconds delay = agenda.next_wake() - now;
        CHECK(delay >= last);
        CHECK(delay <= 60s);
        last = delay;
        now = agenda.next_wake();
    }
    CHECK(last == 45s);
}

TEST_CASE("a renewal whose worker died is asked for again, and its waiter is answered then",
          "[agenda]") {
    Agenda agenda(Cause::start, kNow + 1h);
    agenda.ask_renewal({"web"}, 7);
    REQUIRE(agenda.take(kNow));
    CHECK(agenda.finished(std::nullopt, kNow, 0.5).empty());
    agenda.ask_renewal({"db"}, 8);
    CHECK_FALSE(agenda.take(kNow));
    const auto again = agenda.take(agenda.next_wake());
    REQUIRE(again);
    CHECK(again->cause == Cause::renew);
    CHECK(again->names == std::vector<std::string>{"db", "web"});
    CHECK(agenda.finished(report(kNow + 1h), kNow, 0.5) == std::vector<int>{7, 8});
    CHECK_FALSE(agenda.take(kNow + 30min));
}

TEST_CASE("a renewal that kills its workers is given up, and the schedule goes on", "[agenda]") {
    Agenda agenda(Cause::start, kNow + 24h);
    agenda.ask_renewal({}, 7);
    WallTime now = kNow;
    for (unsigned death = 1; death < kDeathsOfAWish; ++death) {
        REQUIRE(agenda.take(now)->cause == Cause::renew);
        CHECK(agenda.finished(std::nullopt, now, 0.5).empty());
        now = agenda.next_wake();
    }
    REQUIRE(agenda.take(now)->cause == Cause::renew);
    CHECK(agenda.finished(std::nullopt, now, 0.5) == std::vector<int>{7});
    CHECK(agenda.take(agenda.next_wake())->cause == Cause::timer);
}

TEST_CASE("the turn of a worker that died keeps its cause", "[agenda]") {
    const Cause cause = GENERATE(Cause::start, Cause::timer, Cause::clock, Cause::reload);
    Agenda agenda(cause, kNow);
    REQUIRE(agenda.take(kNow)->cause == cause);
    (void)agenda.finished(std::nullopt, kNow, 0.5);
    CHECK(agenda.take(agenda.next_wake())->cause == cause);
}

TEST_CASE("who gives up waiting is not told, not even by a turn that runs", "[agenda]") {
    Agenda agenda(Cause::start, kNow + 1h);
    agenda.ask_renewal({"web"}, 7);
    REQUIRE(agenda.take(kNow));
    agenda.forget(7);
    CHECK(agenda.finished(report(kNow + 1h), kNow, 0.5).empty());
}

TEST_CASE("a report never makes the supervisor spin, nor sleep for ever", "[agenda][fault-7]") {
    Agenda agenda(Cause::start, kNow);
    (void)agenda.take(kNow);
    (void)agenda.finished(report(kNow - 100h), kNow, 0.5);
    CHECK(agenda.next_wake() == kNow + 1s);
    (void)agenda.take(kNow + 1s);
    (void)agenda.finished(report(WallTime::max()), kNow, 0.5);
    CHECK(agenda.next_wake() == kNow + 24h);
}

TEST_CASE("a worker's report survives its way, and no other text passes for one", "[agenda]") {
    const TurnReport sent = report(kNow);
    CHECK(parse_report(to_text(sent)) == sent);
    const std::string text = to_text(sent);
    for (std::size_t size = 0; size < text.size(); ++size) {
        CHECK_FALSE(parse_report(text.substr(0, size)));
    }
    CHECK_FALSE(parse_report(text + text));
    CHECK(parse_report("exit_code=75\nagain=1\nvalid=0\nnext_wake=1\nstatus=\nend\n"));
    for (const char* bad : {"exit_code=999\nagain=0\nvalid=1\nnext_wake=1\nstatus=\nend\n",
                            "exit_code=0\nagain=yes\nvalid=1\nnext_wake=1\nstatus=\nend\n",
                            "exit_code=0\nagain=0\nvalid=\nnext_wake=1\nstatus=\nend\n",
                            "exit_code=0\nvalid=1\nnext_wake=1\nstatus=\nend\n"}) {
        CHECK_FALSE(parse_report(bad));
    }
    CHECK_FALSE(parse_report(std::string(kReportLimit + 1, 'x')));
}

TEST_CASE("a request survives its way, and no other packet passes for one", "[control]") {
    const RenewalRequest request{.names = {"web", "db"}, .wait = true};
    CHECK(parse_request(to_packet(request)) == request);
    CHECK(parse_request(to_packet({})) == RenewalRequest{});
    using namespace std::string_view_literals;
    for (const std::string_view packet :
         {""sv, "renew"sv, "stop\0"sv, "renew\0--root\0"sv, "renew\0\0"sv, "renew\0web"sv}) {
        CHECK_FALSE(parse_request(packet));
    }
}

TEST_CASE("a second daemon is told who serves the host already", "[control]") {
    const testing::TemporaryDirectory directory;
    {
        const auto only = be_the_only_one(directory.string());
        REQUIRE(only);
        const auto listener = listen_at(directory.string());
        REQUIRE(listener);
        const auto second = be_the_only_one(directory.string());
        REQUIRE_FALSE(second);
        CHECK(second.error().kind == Failure::not_yet);
        CHECK_THAT(second.error().what, Catch::Contains("pid " + std::to_string(::getpid())));
    }
    CHECK(be_the_only_one(directory.string()));
    CHECK(be_the_only_one(directory.string() + "/none").error().kind == Failure::io);
}

TEST_CASE("the control socket carries packets both ways and is closed to others",
          "[control][fault-S14]") {
    const testing::TemporaryDirectory directory;
    CHECK_FALSE(*connect_to(directory.string()));
    const auto listener = listen_at(directory.string());
    REQUIRE(listener);
    const auto permissions = std::filesystem::status(directory.path() / "control").permissions();
    CHECK(permissions == std::filesystem::perms{0600});
    auto client = connect_to(directory.string());
    REQUIRE(client);
    REQUIRE(*client);
    REQUIRE(send_packet((*client)->get(), "renew"));
}

TEST_CASE("root and who runs us are heard, and nobody else", "[control][fault-S14]") {
    if (::geteuid() != kRoot) {
        WARN("only root can be somebody else");
        return;
    }
    const auto [we, peer, trusted] = GENERATE(table<uid_t, uid_t, bool>({
        {kRoot, kRoot, true},
        {kRoot, kNobody, false},
        {kNobody, kRoot, true},
        {kNobody, kNobody, true},
        {kNobody, kNobody - 1, false},
    }));
    CAPTURE(we, peer);
    const UniqueFd connection = peer_of(peer);
    REQUIRE(::seteuid(we) == 0);
    const bool heard = is_trusted_peer(connection.get());
    REQUIRE(::seteuid(kRoot) == 0);
    CHECK(heard == trusted);
}
