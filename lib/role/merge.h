// SPDX-License-Identifier: Apache-2.0
// One tree out of several texts: mappings merge key by key; lists and scalars replace.
#pragma once

#include "role/document.h"

namespace install_cert::role {

// Lays `over` upon `base`. What `over` says wins, and keeps its own place for messages; keys that
// are new come after the old ones.
void merge(Node& base, Node&& over);

}  // namespace install_cert::role
