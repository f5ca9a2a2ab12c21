// SPDX-License-Identifier: Apache-2.0
// libcurl's objects as unique_ptr, each the size of a pointer.
#pragma once

#include <memory>

#include <curl/curl.h>

#include "foundation/handle.h"

namespace install_cert::vault {

using EasyHandle = std::unique_ptr<CURL, ReleaseWith<curl_easy_cleanup>>;
using MultiHandle = std::unique_ptr<CURLM, ReleaseWith<curl_multi_cleanup>>;
using HeaderList = std::unique_ptr<curl_slist, ReleaseWith<curl_slist_free_all>>;

static_assert(sizeof(EasyHandle) == sizeof(void*));

}  // namespace install_cert::vault
