// SPDX-License-Identifier: Apache-2.0
// .generation.json, which lies beside files that somebody else may own.
#include "installation/manifest.h"

#include <string>
#include <string_view>

#include "fuzz/promise.h"

using namespace install_cert;

FUZZ_TARGET(input) {
    const auto manifest = installation::parse_manifest(input);
    if (!manifest) {
        fuzz::promise_error(manifest.error());
        return;
    }
    for (const auto* name : {&manifest->files.ca,
                             &manifest->files.certificate,
                             &manifest->files.key,
                             &manifest->files.response}) {
        if (*name) {
            fuzz::promise_file_name(**name);
        }
    }
    const std::string written = installation::to_json(*manifest);
    if (written.size() > installation::kManifestLimit) {
        return;
    }
    const auto again = installation::parse_manifest(written);
    fuzz::promise(again.has_value(), "a manifest that was written can be read");
    fuzz::promise(installation::to_json(*again) == written, "a manifest is read as it was written");
}
