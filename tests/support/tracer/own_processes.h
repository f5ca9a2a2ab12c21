// SPDX-License-Identifier: Apache-2.0
// A /proc of the tracer's own.
#pragma once

#include <functional>

namespace install_cert::tracer {

// Runs `work` as the first process of a namespace of its own, where /proc shows its descendants and
// nobody else; what it returned, `otherwise` where that cannot be had.
int among_own_processes(const std::function<int()>& work, int otherwise);

}  // namespace install_cert::tracer
