// SPDX-License-Identifier: Apache-2.0
// systemd's side of its private socket, scripted: answers on a socket of its own in a thread.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <systemd/sd-bus.h>

#include "consumers/bus_handles.h"
#include "foundation/unique_fd.h"

namespace install_cert::consumers {

struct FakeUnit {
    std::string load = "loaded";
    std::string active = "active";
    std::string sub = "running";
    // What a job for it ends with; empty: the job never ends.
    std::string job_result = "done";
    // Told (and true) once somebody has looked: how a starting unit moves on.
    std::string becomes{};
};

// How a transient unit ends.
struct FakeRun {
    std::string job_result = "done";  // empty: the job never ends
    std::string active = "inactive";
    std::string result = "success";
    int code = 1;  // CLD_EXITED
    int status = 0;
};

class FakeSystemd {
  public:
    FakeSystemd();
    FakeSystemd(const FakeSystemd&) = delete;
    FakeSystemd& operator=(const FakeSystemd&) = delete;
    ~FakeSystemd();

    // "unix:path=..."
    [[nodiscard]] std::string address() const;

    // Script before the first connection: the thread reads it without a lock.
    std::map<std::string, FakeUnit> units;
    FakeRun next_run;
    std::string refuses{};  // this method is answered with an error
    std::string ignores{};  // this method is never answered

    // "TryRestartUnit etcd.service replace", in order; the properties of a transient unit follow
    // its name.
    [[nodiscard]] std::vector<std::string> calls() const;

  private:
    void serve();
    void talk(sd_bus* bus);
    int handle(sd_bus_message* call);
    void note(std::string line);
    int reply_job(sd_bus_message* call, const std::string& unit, const std::string& result);
    int start_transient(sd_bus_message* call);
    int get_property(sd_bus_message* call);
    int load_unit(sd_bus_message* call);
    int queue_job(sd_bus_message* call, const std::string& method);
    static int on_message(sd_bus_message* message, void* self, sd_bus_error* error);

    std::string directory_;
    UniqueFd listener_;
    UniqueFd stop_reader_;
    UniqueFd stop_writer_;
    mutable std::mutex mutex_;
    std::vector<std::string> calls_;
    std::thread thread_;
};

}  // namespace install_cert::consumers
