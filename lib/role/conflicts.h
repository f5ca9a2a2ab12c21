// SPDX-License-Identifier: Apache-2.0
// What is sound in each certificate alone and wrong between two of them; and their order.
#pragma once

#include <span>
#include <vector>

#include "role/diagnostics.h"
#include "role/document.h"
#include "role/role.h"

namespace install_cert::role {

// Two certificates that own one path, and a directory that lies within another certificate's own.
// `written` are the mappings that they were read from, one for each.
void check_conflicts(std::span<const CertificateSpec> specs,
                     std::span<const Node* const> written,
                     Diagnostics& diagnostics);

// Those with a CA file first, in the order written: sets without one lean on them, and trust must
// be there before a leaf that needs it.
void order_for_publication(std::vector<CertificateSpec>& specs);

}  // namespace install_cert::role
