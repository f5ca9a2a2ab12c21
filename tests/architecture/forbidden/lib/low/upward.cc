// SPDX-License-Identifier: Apache-2.0
// Each include but the last is forbidden here.
#include "high/thing.h"
#include "agent/story.h"
#include <openssl/evp.h>
#include <sys/stat.h>
