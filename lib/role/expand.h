// SPDX-License-Identifier: Apache-2.0
// Expands a tree's texts with variables, in place.
#pragma once

#include "role/diagnostics.h"
#include "role/document.h"
#include "role/variables.h"

namespace install_cert::role {

// Expands one text, or marks it faulty. What it expands to must fit on one line.
void expand_text(Node& scalar, Variables& variables, Diagnostics& diagnostics);

// Expands every text of a whole configuration but those that were needed before this: the
// environment files' names and vault.address. The definitions of variables stay as they are; each
// is tried once for its errors.
void expand_all(Node& configuration, Variables& variables, Diagnostics& diagnostics);

}  // namespace install_cert::role
