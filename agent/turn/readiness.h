// SPDX-License-Identifier: Apache-2.0
// Whether what lies on disk serves the consumers of this host, judged without asking anybody.
#pragma once

#include <string>
#include <vector>

#include "agent/configuration/workplace.h"

namespace install_cert::agent {

struct Readiness {
    bool ready = false;
    std::vector<std::string> missing;  // "etcd-member: nothing is installed yet", for a status line
    bool boot_renewal_due =
        false;  // every set is good, and at least one was not renewed in this boot
};

[[nodiscard]] Readiness judge_readiness(Workplace& workplace);

}  // namespace install_cert::agent
