// SPDX-License-Identifier: Apache-2.0
#include "foundation/result.h"

#include <sysexits.h>

#include <array>
#include <cstring>
#include <utility>

namespace install_cert {

std::unexpected<Error> fail(Failure kind, std::string what, std::string way_out) {
    return std::unexpected(
        Error{.kind = kind, .what = std::move(what), .way_out = std::move(way_out)});
}

std::unexpected<Error> while_doing(std::string_view task, Error cause) {
    cause.what = std::string(task) + ": " + cause.what;
    return std::unexpected(std::move(cause));
}

std::unexpected<Error> fail_errno(Failure kind, std::string_view thing, int error_number) {
    std::array<char, 128> buffer{};
    // The GNU variant: returns the text, which need not lie in the buffer.
    const char* text = strerror_r(error_number, buffer.data(), buffer.size());
    return fail(kind, std::string(thing) + ": " + text);
}

int exit_code(Failure kind) {
    switch (kind) {
        case Failure::usage:
            return EX_USAGE;
        case Failure::unavailable:
            return EX_UNAVAILABLE;
        case Failure::cannot_write:
            return EX_CANTCREAT;
        case Failure::io:
            return EX_IOERR;
        case Failure::not_yet:
            return EX_TEMPFAIL;
        case Failure::rejected:
            return EX_PROTOCOL;
        case Failure::denied:
            return EX_NOPERM;
        case Failure::config:
            return EX_CONFIG;
    }
    std::unreachable();
}

Failure graver(Failure a, Failure b) {
    constexpr std::array order{Failure::usage,
                               Failure::config,
                               Failure::denied,
                               Failure::rejected,
                               Failure::cannot_write,
                               Failure::io,
                               Failure::unavailable,
                               Failure::not_yet};
    for (const Failure kind : order) {
        if (a == kind || b == kind) {
            return kind;
        }
    }
    std::unreachable();
}

}  // namespace install_cert
