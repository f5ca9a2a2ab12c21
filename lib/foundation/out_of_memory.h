// SPDX-License-Identifier: Apache-2.0
// For memory that is not asked of operator new.
#pragma once

namespace install_cert {

// As operator new where it finds none: the program's new-handler decides, which ends the process
// (agent/process.h); without one, std::bad_alloc.
[[noreturn]] void out_of_memory();

}  // namespace install_cert
