// SPDX-License-Identifier: Apache-2.0
#include "foundation/out_of_memory.h"

#include <new>

#include <catch2/catch.hpp>

using namespace install_cert;

namespace {

struct HandlerCalled {};

}  // namespace

TEST_CASE("memory that is missing is the new-handler's to answer, else an exception",
          "[out_of_memory]") {
    CHECK_THROWS_AS(out_of_memory(), std::bad_alloc);
    std::set_new_handler([] { throw HandlerCalled(); });
    CHECK_THROWS_AS(out_of_memory(), HandlerCalled);
    std::set_new_handler(nullptr);
}
