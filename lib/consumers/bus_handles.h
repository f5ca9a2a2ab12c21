// SPDX-License-Identifier: Apache-2.0
// sd-bus's objects as unique_ptr, each the size of a pointer.
#pragma once

#include <memory>

#include "consumers/systemd_library.h"
#include "foundation/handle.h"

namespace install_cert::consumers {

// Closed at once: what we asked for was answered, or is not waited for any longer.
inline void release_bus(sd_bus* bus) {
    (void)systemd().bus_close_unref(bus);
}

inline void release_message(sd_bus_message* message) {
    (void)systemd().bus_message_unref(message);
}

inline void release_slot(sd_bus_slot* slot) {
    (void)systemd().bus_slot_unref(slot);
}

using BusHandle = std::unique_ptr<sd_bus, ReleaseWith<release_bus>>;
using MessageHandle = std::unique_ptr<sd_bus_message, ReleaseWith<release_message>>;
using SlotHandle = std::unique_ptr<sd_bus_slot, ReleaseWith<release_slot>>;

static_assert(sizeof(BusHandle) == sizeof(void*));

// sd_bus_error with its destructor.
class BusError {
  public:
    BusError() = default;
    BusError(const BusError&) = delete;
    BusError& operator=(const BusError&) = delete;
    BusError(BusError&&) = delete;
    BusError& operator=(BusError&&) = delete;

    ~BusError() { systemd().bus_error_free(&error_); }

    [[nodiscard]] sd_bus_error* get() { return &error_; }

    [[nodiscard]] const char* message() const {
        return error_.message == nullptr ? "" : error_.message;
    }

    [[nodiscard]] const char* name() const { return error_.name == nullptr ? "" : error_.name; }

  private:
    sd_bus_error error_ = SD_BUS_ERROR_NULL;
};

}  // namespace install_cert::consumers
