// SPDX-License-Identifier: Apache-2.0
// libcurl, loaded when Vault is about to be asked. It brings thirty libraries with it, and loading
// them takes longer than a turn with nothing due, which is what most turns are.
#pragma once

#include <curl/curl.h>

#include "foundation/result.h"

namespace install_cert::vault {

// The functions we use, under their names without `curl_`.
struct CurlLibrary {
    decltype(&curl_global_init_mem) global_init_mem;
    decltype(&curl_easy_init) easy_init;
    decltype(&curl_easy_cleanup) easy_cleanup;
    decltype(&curl_easy_setopt) easy_setopt;
    decltype(&curl_easy_getinfo) easy_getinfo;
    decltype(&curl_easy_strerror) easy_strerror;
    decltype(&curl_slist_append) slist_append;
    decltype(&curl_slist_free_all) slist_free_all;
    decltype(&curl_multi_init) multi_init;
    decltype(&curl_multi_cleanup) multi_cleanup;
    decltype(&curl_multi_setopt) multi_setopt;
    decltype(&curl_multi_add_handle) multi_add_handle;
    decltype(&curl_multi_remove_handle) multi_remove_handle;
    decltype(&curl_multi_perform) multi_perform;
    decltype(&curl_multi_poll) multi_poll;
    decltype(&curl_multi_info_read) multi_info_read;
    decltype(&curl_multi_strerror) multi_strerror;
};

// Once for the process, at the first call; it is never unloaded. Failure::io where it is missing.
[[nodiscard]] const Result<CurlLibrary>& load_curl();

// For those who can only be there because load_curl() has succeeded.
[[nodiscard]] const CurlLibrary& curl();

}  // namespace install_cert::vault
