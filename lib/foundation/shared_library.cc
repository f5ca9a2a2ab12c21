// SPDX-License-Identifier: Apache-2.0
#include "foundation/shared_library.h"

#include <dlfcn.h>

namespace install_cert {
namespace {

std::string last_failure() {
    const char* const why = ::dlerror();
    return why == nullptr ? "unknown failure" : why;
}

}  // namespace

// Lazily: of a library's thousands of references to others a turn uses few.
SharedLibrary::SharedLibrary(const char* soname)
    : library_(::dlopen(soname, RTLD_LAZY | RTLD_LOCAL)) {
    if (library_ == nullptr) {
        missing_ = last_failure();
    }
}

void* SharedLibrary::address_of(const char* name) {
    if (library_ == nullptr) {
        return nullptr;
    }
    void* const address = ::dlsym(library_, name);
    if (address == nullptr && missing_.empty()) {
        missing_ = last_failure();
    }
    return address;
}

Result<> SharedLibrary::complete() const {
    if (!missing_.empty()) {
        return fail(Failure::io, "loading a library: " + missing_);
    }
    return {};
}

}  // namespace install_cert
