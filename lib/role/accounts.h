// SPDX-License-Identifier: Apache-2.0
// Users and groups of this host, each looked up once however many certificates name it.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>

#include "foundation/result.h"
#include "role/load.h"

namespace install_cert::role {

class Accounts {
  public:
    explicit Accounts(const HostLookup& host) : host_(host) {}

    [[nodiscard]] const Result<uid_t>& user(const std::string& name) {
        auto found = users_.find(name);
        if (found == users_.end()) {
            found = users_.emplace(name, host_.user(name)).first;
        }
        return found->second;
    }

    [[nodiscard]] const Result<gid_t>& group(const std::string& name) {
        auto found = groups_.find(name);
        if (found == groups_.end()) {
            found = groups_.emplace(name, host_.group(name)).first;
        }
        return found->second;
    }

  private:
    const HostLookup& host_;
    std::map<std::string, Result<uid_t>> users_;
    std::map<std::string, Result<gid_t>> groups_;
};

}  // namespace install_cert::role
