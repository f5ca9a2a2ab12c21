// SPDX-License-Identifier: Apache-2.0
// Packets on the supervisor's control socket.
#include "agent/supervisor/control.h"

#include <string>
#include <string_view>

#include "fuzz/promise.h"

using namespace install_cert;

FUZZ_TARGET(input) {
    const auto request = supervisor::parse_request(input);
    if (!request) {
        return;
    }
    for (const std::string& name : request->names) {
        fuzz::promise(!name.empty() && name[0] != '-', "a name is never an option");
        fuzz::promise(!name.contains('\0'), "a name is one argument");
    }
    fuzz::promise(supervisor::to_packet(*request) == input, "a request is written as it was read");
}
