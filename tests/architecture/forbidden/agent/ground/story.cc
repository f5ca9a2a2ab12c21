// SPDX-License-Identifier: Apache-2.0
#include "agent/roof/thing.h"
#include "agent/ground/thing.h"
