// SPDX-License-Identifier: Apache-2.0
// Judges PEM files that anybody may have written: a function of their contents.
#pragma once

#include <string>
#include <vector>

#include "agent/report/health.h"
#include "foundation/clock.h"
#include "foundation/result.h"
#include "foundation/secret.h"

namespace install_cert::agent {

// One file as it was read; `content` is an error where it could not be.
struct PemFile {
    std::string path;
    Result<Secret> content;
};

// A row for each file that begins with a certificate which is no CA: does its key (STEM-key.pem
// beside STEM.pem, STEM.key beside STEM.crt) match, does its chain lead to a CA of the files in its
// directory (of any, where its own holds none), is a CA of one name the same one everywhere, when
// does it end. Rows for CA files, for keys without a certificate and for unreadable files, too.
[[nodiscard]] HealthReport inspect_files(const std::vector<PemFile>& files, WallTime now);

}  // namespace install_cert::agent
