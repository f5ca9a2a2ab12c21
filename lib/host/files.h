// SPDX-License-Identifier: Apache-2.0
// Input files of this host: configuration, environment files, secrets; each read once, bounded and
// checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "foundation/result.h"
#include "foundation/secret.h"

namespace install_cert::host {

inline constexpr std::size_t kConfigLimit = std::size_t{1} << 20;
inline constexpr std::size_t kSecretLimit = std::size_t{64} << 10;

// A configuration file: regular, owned by root or by who runs us, writable by its owner alone, at
// most kConfigLimit. Failure::config otherwise, and when it is missing.
[[nodiscard]] Result<std::string> read_config(const std::string& path);
// The paths of DIR's *.yaml files in the order of their names; empty when there is no DIR.
[[nodiscard]] Result<std::vector<std::string>> drop_ins(const std::string& directory);

// Any other text file; Failure::not_yet when it is missing.
[[nodiscard]] Result<std::string> read_text(const std::string& path,
                                            std::size_t limit = kConfigLimit);

// Who else may read a secret's file: kubelet writes a pod's service account token for everybody,
// since nobody else is in the pod.
enum class Readers : std::uint8_t { owner_and_group, anybody };

// A token or the like: a regular file (a link is followed only where root or who runs us owns it),
// owned by root or by who runs us, writable by its owner alone, readable by no more than `readers`,
// at most kSecretLimit. One line end is trimmed; what remains must be printable ASCII without
// spaces. Failure::not_yet: not there (yet), or empty. Failure::denied: too open, or not a token;
// the message names mode and path, never the content.
[[nodiscard]] Result<Secret> read_secret(const std::string& path,
                                         Readers readers = Readers::owner_and_group);

// Tells a file from the one that took its place, or what was written into it later, without a look
// at the content; empty where there is no file that could be read.
[[nodiscard]] std::string file_version(const std::string& path);

}  // namespace install_cert::host
