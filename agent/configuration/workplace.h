// SPDX-License-Identifier: Apache-2.0
// What every command works with: the configuration, the disk, the clock, this host.
#pragma once

#include <memory>

#include "agent/configuration/configuration.h"
#include "agent/configuration/places.h"
#include "agent/options.h"
#include "foundation/clock.h"
#include "installation/generation_store.h"
#include "installation/posix_file_system.h"
#include "renewal/plan.h"
#include "role/role.h"

namespace install_cert::agent {

class Workplace {
  public:
    // recorded: the sets alone, for who judges and asks for nothing.
    enum class From : std::uint8_t { files, accepted, recorded };
    [[nodiscard]] static std::expected<std::unique_ptr<Workplace>, std::vector<Error>> open(
        const Options& options, From from = From::files);

    [[nodiscard]] renewal::Situation situation() const;

    Places places;
    role::Role role;
    SourceTexts texts;
    SystemClock clock;
    installation::PosixFileSystem files;
    installation::GenerationStore store;

  private:
    Workplace(Places where, Configuration what, std::string boot_id, std::string machine_id);
    std::string boot_id_;
    std::string machine_id_;
};

}  // namespace install_cert::agent
