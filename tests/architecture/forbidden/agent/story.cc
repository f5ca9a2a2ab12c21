// SPDX-License-Identifier: Apache-2.0
// The agent sees every module, but not their libraries.
#include <curl/curl.h>
#include "high/thing.h"
#include <systemd/sd-event.h>
