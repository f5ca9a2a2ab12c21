// SPDX-License-Identifier: Apache-2.0
// Expands a tree's texts with variables, in place.
#pragma once

#include "role/document.h"
#include "role/variables.h"

namespace install_cert::role {

// Expands one text, or marks it faulty.
void expand_text(Node& scalar, Variables& variables);

// Expands every text of a whole configuration but those that were needed before this: the
// environment files' names and vault.address. The definitions of variables stay as they are; each
// is tried once for its errors.
void expand_all(Node& configuration, Variables& variables);

}  // namespace install_cert::role
