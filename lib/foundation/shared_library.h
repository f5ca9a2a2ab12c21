// SPDX-License-Identifier: Apache-2.0
// A library that is loaded when it is first needed, for those that most turns never call: mapping
// and relocating them costs more time and memory than such a turn itself.
#pragma once

#include <string>

#include "foundation/result.h"

namespace install_cert {

class SharedLibrary {
  public:
    // By the name of its ABI ("libcurl.so.4"), as the linker would have recorded it. Stays loaded.
    explicit SharedLibrary(const char* soname);

    // Puts a function of the library into `function`, a pointer to one of the same type.
    template <class Function>
    SharedLibrary& find(const char* name, Function*& function) {
        function = reinterpret_cast<Function*>(address_of(name));
        return *this;
    }

    // Failure::io when the library or anything that was looked for is missing.
    [[nodiscard]] Result<> complete() const;

  private:
    [[nodiscard]] void* address_of(const char* name);

    void* library_;
    std::string missing_;  // why, of the first thing that is
};

}  // namespace install_cert
