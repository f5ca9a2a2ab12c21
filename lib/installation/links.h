// SPDX-License-Identifier: Apache-2.0
// The links at the configured names. They lie in a directory that may belong to the files' owner,
// so nothing is ever opened there through a link, and a new one arrives by rename from our home.
#pragma once

#include <cstdint>
#include <string>

#include "foundation/result.h"
#include "installation/site.h"

namespace install_cert::installation {

enum class Occupant : std::uint8_t {
    nothing,
    our_link,    // to where the configured name's link must lead
    astray,      // a link into our home, but not there
    plain_file,  // to be adopted
    foreign,     // refused
};

struct Occupied {
    Occupant by = Occupant::nothing;
    std::string what;      // for a foreign one: "is a directory", "is a link to /tmp/x"
    std::string set = {};  // whose link a foreign one is, where the home of such a set lies there
};

[[nodiscard]] Result<Occupied> occupant(FileSystem& files,
                                        const Site& site,
                                        const std::string& name);
// The refusal of a foreign occupant, with a way out.
[[nodiscard]] std::unexpected<Error> foreign(const Site& site,
                                             const std::string& name,
                                             const Occupied& occupied);
// Failure::cannot_write, naming it, when something foreign lies at a configured name.
[[nodiscard]] Result<> refuse_foreign(FileSystem& files, const Site& site);

// Puts our link at the name, in place of whatever file or link lies there.
[[nodiscard]] Result<> put_link(FileSystem& files, const Site& site, const std::string& name);
// Points `current` elsewhere in one step: the swap.
[[nodiscard]] Result<> point_current(FileSystem& files,
                                     const Site& site,
                                     const std::string& target);

// Removes our links at names that `generation` has and the configuration has no more.
[[nodiscard]] Result<> drop_former_links(FileSystem& files,
                                         const Site& site,
                                         const std::string& generation);

}  // namespace install_cert::installation
