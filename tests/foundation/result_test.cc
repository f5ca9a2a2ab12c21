// SPDX-License-Identifier: Apache-2.0
#include "foundation/result.h"

#include <cerrno>

#include <catch2/catch.hpp>

using namespace install_cert;

TEST_CASE("each kind of failure has its exit code after sysexits(3)", "[result]") {
    const auto [kind, code] = GENERATE(table<Failure, int>({
        {Failure::usage, 64},
        {Failure::unavailable, 69},
        {Failure::cannot_write, 73},
        {Failure::io, 74},
        {Failure::not_yet, 75},
        {Failure::rejected, 76},
        {Failure::denied, 77},
        {Failure::config, 78},
    }));
    CHECK(exit_code(kind) == code);
}

TEST_CASE("of several failures the first of 78 77 76 73 74 69 75 is told", "[result]") {
    const auto [a, b, told] = GENERATE(table<Failure, Failure, Failure>({
        {Failure::denied, Failure::config, Failure::config},
        {Failure::rejected, Failure::denied, Failure::denied},
        {Failure::cannot_write, Failure::rejected, Failure::rejected},
        {Failure::io, Failure::cannot_write, Failure::cannot_write},
        {Failure::unavailable, Failure::io, Failure::io},
        {Failure::not_yet, Failure::unavailable, Failure::unavailable},
        {Failure::not_yet, Failure::not_yet, Failure::not_yet},
    }));
    CHECK(graver(a, b) == told);
    CHECK(graver(b, a) == told);
}

TEST_CASE("context goes in front and everything else is kept", "[result]") {
    const auto failure = while_doing("issuing 'web'",
                                     Error{.kind = Failure::not_yet,
                                           .what = "Vault: 429",
                                           .way_out = "wait",
                                           .retry_after = std::chrono::seconds{9}});
    CHECK(failure.error().what == "issuing 'web': Vault: 429");
    CHECK(failure.error().way_out == "wait");
    CHECK(failure.error().kind == Failure::not_yet);
    CHECK(failure.error().retry_after == std::chrono::seconds{9});
    CHECK(fail_errno(Failure::io, "/a/b", ENOENT).error().what ==
          "/a/b: No such file or directory");
}
