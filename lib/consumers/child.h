// SPDX-License-Identifier: Apache-2.0
// One child process in a session of its own, with nothing of ours but its output's pipe.
#pragma once

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

#include "consumers/deadline.h"
#include "foundation/result.h"
#include "foundation/unique_fd.h"

namespace install_cert::consumers {

// Kills and reaps all that it started when it goes out of scope.
class Child {
  public:
    // Failure::io: fork or exec failed.
    [[nodiscard]] static Result<Child> spawn(const std::vector<std::string>& argv,
                                             const std::vector<std::string>& environment);
    Child(Child&& other) noexcept;
    Child& operator=(Child&&) = delete;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();

    // Reads its output until it ends; false when the deadline passes first. What its own children
    // still write after its end is not waited for.
    [[nodiscard]] bool wait(const Deadline& deadline);

    // To all of its session that did not leave the process group.
    void signal(int number) const;

    // Kills what is left of it, orphans that left its group included, and reaps them. The status
    // as of wait(2).
    int finish();

    // The last of its output.
    [[nodiscard]] const std::string& output() const { return output_; }

  private:
    Child() = default;

    void read_output();

    pid_t pid_ = -1;
    UniqueFd process_;  // a pidfd
    UniqueFd pipe_;
    std::string output_;
    std::set<pid_t> older_siblings_;  // children that were ours before
};

}  // namespace install_cert::consumers
