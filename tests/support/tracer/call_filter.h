// SPDX-License-Identifier: Apache-2.0
// A process that stops for its tracer at a few kinds of calls only.
#pragma once

#include <cstdint>
#include <span>

namespace install_cert::tracer {

// From now on the calling process and its children stop (PTRACE_EVENT_SECCOMP) before these calls.
bool stop_only_at(std::span<const std::uint64_t> calls);

}  // namespace install_cert::tracer
