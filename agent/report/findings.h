// SPDX-License-Identifier: Apache-2.0
// What `check` found out, and how it is said.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/report/health.h"
#include "foundation/result.h"

namespace install_cert::agent {

struct Finding {
    Health health = Health::ok;
    std::string subject;  // "vault", "token", a certificate's name
    std::string what;
    std::string way_out{};
    Failure kind = Failure::config;  // of a critical one: names the exit code
};

class Findings {
  public:
    void good(std::string subject, std::string what);
    // What could not be found out, which is no fault.
    void unjudged(std::string subject, std::string what, std::string way_out);
    void doubtful(std::string subject, std::string what, std::string way_out);
    void bad(std::string subject, const Error& error);

    [[nodiscard]] std::string to_text(Colour colour) const;
    [[nodiscard]] std::string to_json() const;
    // 0, or what the gravest critical finding's failure exits with.
    [[nodiscard]] int exit_code() const;

  private:
    std::vector<Finding> findings_;
};

}  // namespace install_cert::agent
