// SPDX-License-Identifier: Apache-2.0
// Finding libcurl and its functions.
#include "vault/curl_library.h"

#include <dlfcn.h>

#include <string>

namespace install_cert::vault {
namespace {

// The name of the ABI that we were compiled against, as the linker would have recorded it.
constexpr const char* kSoname = "libcurl.so.4";

template <class Function>
bool find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    return function != nullptr;
}

bool find_all(void* library, CurlLibrary& curl) {
    return find(library, "curl_global_init_mem", curl.global_init_mem) &&
           find(library, "curl_easy_init", curl.easy_init) &&
           find(library, "curl_easy_cleanup", curl.easy_cleanup) &&
           find(library, "curl_easy_setopt", curl.easy_setopt) &&
           find(library, "curl_easy_getinfo", curl.easy_getinfo) &&
           find(library, "curl_easy_strerror", curl.easy_strerror) &&
           find(library, "curl_slist_append", curl.slist_append) &&
           find(library, "curl_slist_free_all", curl.slist_free_all) &&
           find(library, "curl_multi_init", curl.multi_init) &&
           find(library, "curl_multi_cleanup", curl.multi_cleanup) &&
           find(library, "curl_multi_setopt", curl.multi_setopt) &&
           find(library, "curl_multi_add_handle", curl.multi_add_handle) &&
           find(library, "curl_multi_remove_handle", curl.multi_remove_handle) &&
           find(library, "curl_multi_perform", curl.multi_perform) &&
           find(library, "curl_multi_poll", curl.multi_poll) &&
           find(library, "curl_multi_info_read", curl.multi_info_read) &&
           find(library, "curl_multi_strerror", curl.multi_strerror);
}

Result<CurlLibrary> load() {
    // Lazily: of its thousands of references to other libraries a turn uses few.
    void* const library = ::dlopen(kSoname, RTLD_LAZY | RTLD_LOCAL);
    CurlLibrary functions{};
    if (library == nullptr || !find_all(library, functions)) {
        const char* const why = ::dlerror();
        return fail(Failure::io,
                    std::string("loading libcurl: ") + (why == nullptr ? kSoname : why),
                    "install the package libcurl4");
    }
    return functions;
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
