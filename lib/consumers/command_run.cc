// SPDX-License-Identifier: Apache-2.0
#include "consumers/command_run.h"

#include <string>
#include <vector>

#include "foundation/text.h"

namespace install_cert::consumers {

std::vector<std::string> command_environment(const ReloadContext& context) {
    return {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG=C.UTF-8",
            "INSTALL_CERT_NAMES=" + join(context.certificates, " ")};
}

}  // namespace install_cert::consumers
