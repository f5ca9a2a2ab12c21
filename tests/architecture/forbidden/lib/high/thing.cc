// SPDX-License-Identifier: Apache-2.0
// Allowed: an arrow, and the library that this module owns.
#include "low/upward.h"
#include <openssl/evp.h>
