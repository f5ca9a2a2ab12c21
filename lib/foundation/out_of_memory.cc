// SPDX-License-Identifier: Apache-2.0
#include "foundation/out_of_memory.h"

#include <new>

namespace install_cert {

void out_of_memory() {
    if (const std::new_handler handler = std::get_new_handler()) {
        handler();
    }
    throw std::bad_alloc();
}

}  // namespace install_cert
