// SPDX-License-Identifier: Apache-2.0
// libcurl's objects as unique_ptr, each the size of a pointer.
#pragma once

#include <memory>

#include "foundation/handle.h"
#include "vault/curl_library.h"

namespace install_cert::vault {

inline void release_easy(CURL* easy) {
    curl().easy_cleanup(easy);
}

inline void release_multi(CURLM* multi) {
    (void)curl().multi_cleanup(multi);
}

inline void release_list(curl_slist* list) {
    curl().slist_free_all(list);
}

using EasyHandle = std::unique_ptr<CURL, ReleaseWith<release_easy>>;
using MultiHandle = std::unique_ptr<CURLM, ReleaseWith<release_multi>>;
using HeaderList = std::unique_ptr<curl_slist, ReleaseWith<release_list>>;

static_assert(sizeof(EasyHandle) == sizeof(void*));

}  // namespace install_cert::vault
