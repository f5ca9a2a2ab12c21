// SPDX-License-Identifier: Apache-2.0
// The one template behind every handle of a C library: unique_ptr with a stateless release
// function.
#pragma once

namespace install_cert {

template <auto release>
struct ReleaseWith {
    template <class T>
    void operator()(T* object) const {
        release(object);
    }
};

}  // namespace install_cert
