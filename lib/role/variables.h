// SPDX-License-Identifier: Apache-2.0
// What ${NAME} stands for: the cluster, the configuration's variables, facts of this host, the
// values of environment files, in this order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "role/diagnostics.h"
#include "role/document.h"
#include "role/environment_file.h"
#include "role/load.h"

namespace install_cert::role {

// An address as a part of a host's label: what ${ip_dashed} is of ${ip}.
[[nodiscard]] std::string dashed(std::string address);

class Variables {
  public:
    // A value longer than this can only come from variables that multiply each other.
    static constexpr std::size_t kValueLimit = std::size_t{16} << 10;

    // `configuration` and the others outlive this; `cluster` and `variables` are read from it.
    Variables(const Node& configuration, const HostLookup& host, Diagnostics& diagnostics)
        : configuration_(configuration), host_(host), diagnostics_(diagnostics) {}

    // Tries each of the configuration's own variables once, used or not, for its errors.
    void check_definitions();

    // Reads the environment files that the list names; until then their values are undefined.
    void read_environment_files(const Node& list);

    // From now on ${ip} is known: the address towards `host`. Empty: there is no telling, since the
    // address of Vault is wrong, and ${ip} is silently unknown.
    void set_vault_host(std::string host) { vault_host_ = std::move(host); }

    // `scalar`'s text with every ${NAME} replaced and $${ turned to ${, on one line; nullopt when
    // something was wrong (reported at `scalar`, or at the variable's own definition).
    [[nodiscard]] std::optional<std::string> expand(const Node& scalar);

    // The value of one name, used at `mark`; nullopt when it has none (reported).
    [[nodiscard]] std::optional<std::string> value(std::string_view name, const Mark& mark);

  private:
    enum class State : std::uint8_t {
        in_progress,  // met again in this state, it refers to itself
        known,
        failed,     // reported where it is defined, or at its first use
        undefined,  // reported at each use
    };

    struct Found {
        State state = State::in_progress;
        std::string text{};
    };

    Found look_up(std::string_view name, const Mark& mark);
    [[nodiscard]] static Found found_or_failed(std::optional<std::string> text);
    Found fact(std::string_view name, const Mark& mark);
    void read_environment_file(const std::string& written, const Mark& mark);
    void report_undefined(std::string_view name, const Mark& mark);

    const Node& configuration_;
    const HostLookup& host_;
    Diagnostics& diagnostics_;
    std::optional<std::string> vault_host_;
    Environment environment_;
    std::vector<std::string> absent_files_;
    std::map<std::string, Found, std::less<>> found_;
};

}  // namespace install_cert::role
