// SPDX-License-Identifier: Apache-2.0
// Every name that the store gives to something, made and recognized here and nowhere else:
//
//   .NAME                       home of a certificate's generations, beside its configured names
//   20261121T134500Z-3f9ac2d1   a generation: when it was written (UTC), the leaf's fingerprint,
//   20261121T134500Z-3f9ac2d1-2 and a number from 2 on where that name is taken
//   current                     the link that is swapped
//   adopted                     what lay at our names before us
//   .generation.json            the manifest in a generation
//   *.new                       not yet what its name says: litter once nobody is at work
#pragma once

#include <string>
#include <string_view>

#include "foundation/clock.h"
#include "role/role.h"

namespace install_cert::installation {

inline constexpr std::string_view kCurrent = "current";
inline constexpr std::string_view kAdopted = "adopted";
inline constexpr std::string_view kManifest = ".generation.json";

inline constexpr std::string_view kNewCurrent = "current.new";
inline constexpr std::string_view kNewLink = "link.new";
inline constexpr std::string_view kNewCopy = "copy.new";
inline constexpr std::string_view kProbe = "probe.new";

[[nodiscard]] std::string home_name(const role::CertificateSpec& spec);

// `attempt` counts from 1. Two generations of one certificate never have the same name, so that a
// reader who holds on to a directory's path finds this very set there or nothing.
[[nodiscard]] std::string generation_name(WallTime written,
                                          std::string_view leaf_fingerprint,
                                          unsigned attempt);
[[nodiscard]] bool is_generation_name(std::string_view name);

// What a crash may leave in a home beside generations.
[[nodiscard]] bool is_litter_name(std::string_view name);

// What the link at a configured name says: ".NAME/current/FILE".
[[nodiscard]] std::string link_target(const role::CertificateSpec& spec, std::string_view file);

}  // namespace install_cert::installation
