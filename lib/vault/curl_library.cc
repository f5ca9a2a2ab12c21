// SPDX-License-Identifier: Apache-2.0
// Finding libcurl and its functions.
#include "vault/curl_library.h"

#include "foundation/shared_library.h"

namespace install_cert::vault {
namespace {

Result<CurlLibrary> load() {
    CurlLibrary curl{};
    const auto found = SharedLibrary("libcurl.so.4")
                           .find("curl_global_init_mem", curl.global_init_mem)
                           .find("curl_easy_init", curl.easy_init)
                           .find("curl_easy_cleanup", curl.easy_cleanup)
                           .find("curl_easy_setopt", curl.easy_setopt)
                           .find("curl_easy_getinfo", curl.easy_getinfo)
                           .find("curl_easy_strerror", curl.easy_strerror)
                           .find("curl_slist_append", curl.slist_append)
                           .find("curl_slist_free_all", curl.slist_free_all)
                           .find("curl_multi_init", curl.multi_init)
                           .find("curl_multi_cleanup", curl.multi_cleanup)
                           .find("curl_multi_setopt", curl.multi_setopt)
                           .find("curl_multi_add_handle", curl.multi_add_handle)
                           .find("curl_multi_remove_handle", curl.multi_remove_handle)
                           .find("curl_multi_perform", curl.multi_perform)
                           .find("curl_multi_poll", curl.multi_poll)
                           .find("curl_multi_info_read", curl.multi_info_read)
                           .find("curl_multi_strerror", curl.multi_strerror)
                           .complete();
    if (!found) {
        return fail(Failure::io, found.error().what, "install the package libcurl4");
    }
    return curl;
}

}  // namespace

const Result<CurlLibrary>& load_curl() {
    static const Result<CurlLibrary> library = load();
    return library;
}

const CurlLibrary& curl() {
    return *load_curl();
}

}  // namespace install_cert::vault
