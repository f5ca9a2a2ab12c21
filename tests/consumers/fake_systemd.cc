// SPDX-License-Identifier: Apache-2.0
#include "consumers/fake_systemd.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <systemd/sd-bus.h>
#include <systemd/sd-id128.h>

#include "consumers/bus_handles.h"

namespace install_cert::consumers {

namespace {

constexpr const char* kManagerPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr const char* kUnitPrefix = "/org/freedesktop/systemd1/unit";

std::string path_of(const std::string& unit) {
    char* path = nullptr;
    if (sd_bus_path_encode(kUnitPrefix, unit.c_str(), &path) < 0) {
        return {};
    }
    std::string text = path;
    std::free(path);  // NOLINT: sd-bus allocates with malloc
    return text;
}

std::string unit_of(const char* path) {
    char* unit = nullptr;
    if (sd_bus_path_decode(path, kUnitPrefix, &unit) <= 0) {
        return {};
    }
    std::string text = unit;
    std::free(unit);  // NOLINT: sd-bus allocates with malloc
    return text;
}

// The value of one transient property as text: strings, numbers, ExecStart's path and argv.
std::string value_text(sd_bus_message* message) {
    std::string text;
    char type = 0;
    const char* contents = nullptr;
    while (sd_bus_message_peek_type(message, &type, &contents) > 0) {
        if (type == 'a' || type == 'r' || type == 'v') {
            sd_bus_message_enter_container(message, type, contents);
            text += value_text(message);
            sd_bus_message_exit_container(message);
        } else if (type == 's') {
            const char* value = nullptr;
            sd_bus_message_read_basic(message, type, &value);
            text += std::string(value) + '|';
        } else if (type == 't') {
            std::uint64_t value = 0;
            sd_bus_message_read_basic(message, type, &value);
            text += std::to_string(value) + '|';
        } else {
            sd_bus_message_skip(message, nullptr);
        }
    }
    return text;
}

void tell_run(sd_bus* bus, const std::string& unit, const FakeRun& run) {
    sd_bus_message* made = nullptr;
    sd_bus_message_new_signal(
        bus, &made, path_of(unit).c_str(), "org.freedesktop.DBus.Properties", "PropertiesChanged");
    const MessageHandle signal(made);
    sd_bus_message_append(made,
                          "sa{sv}as",
                          "org.freedesktop.systemd1.Service",
                          5,
                          "ExecMainPID",
                          "u",
                          7U,
                          "ExecMainCode",
                          "i",
                          run.code,
                          "ExecMainStatus",
                          "i",
                          run.status,
                          "Result",
                          "s",
                          run.result.c_str(),
                          "ActiveState",
                          "s",
                          run.active.c_str(),
                          0);
    sd_bus_send(bus, made, nullptr);
}

}  // namespace

FakeSystemd::FakeSystemd() {
    std::string name = std::filesystem::temp_directory_path() / "fake-systemd-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
        throw std::runtime_error("mkdtemp");
    }
    directory_ = name;
    listener_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    (directory_ + "/private").copy(where.sun_path, sizeof where.sun_path - 1);
    std::array<int, 2> stop{};
    // NOLINTNEXTLINE: the socket API's own cast
    const auto* address = reinterpret_cast<const sockaddr*>(&where);
    if (::bind(listener_.get(), address, sizeof where) != 0 || ::listen(listener_.get(), 8) != 0 ||
        ::pipe2(stop.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("fake systemd");
    }
    stop_reader_ = UniqueFd(stop[0]);
    stop_writer_ = UniqueFd(stop[1]);
    thread_ = std::thread([this] { serve(); });
}

FakeSystemd::~FakeSystemd() {
    stop_writer_.reset();
    thread_.join();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

std::string FakeSystemd::address() const {
    return "unix:path=" + directory_ + "/private";
}

std::vector<std::string> FakeSystemd::calls() const {
    const std::scoped_lock lock(mutex_);
    return calls_;
}

void FakeSystemd::note(std::string line) {
    const std::scoped_lock lock(mutex_);
    calls_.push_back(std::move(line));
}

void FakeSystemd::serve() {
    while (true) {
        std::array<pollfd, 2> waited{{{.fd = listener_.get(), .events = POLLIN, .revents = 0},
                                      {.fd = stop_reader_.get(), .events = POLLIN, .revents = 0}}};
        if (::poll(waited.data(), waited.size(), -1) < 0 || waited[1].revents != 0) {
            return;
        }
        const int peer = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        sd_bus* made = nullptr;
        sd_id128_t id{};
        if (peer < 0 || sd_bus_new(&made) < 0 || sd_id128_randomize(&id) < 0) {
            return;
        }
        const BusHandle bus(made);
        sd_bus_set_fd(made, peer, peer);
        sd_bus_set_server(made, 1, id);
        sd_bus_add_filter(made, nullptr, on_message, this);
        if (sd_bus_start(made) >= 0) {
            talk(made);
        }
    }
}

void FakeSystemd::talk(sd_bus* bus) {
    while (true) {
        const int handled = sd_bus_process(bus, nullptr);
        if (handled < 0) {
            return;
        }
        if (handled > 0) {
            continue;
        }
        const auto events = static_cast<short>(sd_bus_get_events(bus));
        std::array<pollfd, 2> waited{{{.fd = sd_bus_get_fd(bus), .events = events, .revents = 0},
                                      {.fd = stop_reader_.get(), .events = POLLIN, .revents = 0}}};
        if (::poll(waited.data(), waited.size(), -1) < 0 || waited[1].revents != 0) {
            return;
        }
    }
}

int FakeSystemd::on_message(sd_bus_message* message, void* self, sd_bus_error* /*error*/) {
    std::uint8_t type = 0;
    if (sd_bus_message_get_type(message, &type) < 0 || type != SD_BUS_MESSAGE_METHOD_CALL) {
        return 0;
    }
    return static_cast<FakeSystemd*>(self)->handle(message);
}

int FakeSystemd::handle(sd_bus_message* call) {
    const std::string method = sd_bus_message_get_member(call);
    if (method == ignores) {
        note(method);
        return 1;
    }
    if (method == refuses) {
        note(method);
        return sd_bus_reply_method_errorf(
            call, "org.freedesktop.systemd1.Refused", "%s is\nrefused", method.c_str());
    }
    if (method == "Subscribe") {
        return sd_bus_reply_method_return(call, "");
    }
    if (method == "LoadUnit") {
        return load_unit(call);
    }
    if (method == "Get") {
        return get_property(call);
    }
    if (method == "StartTransientUnit") {
        return start_transient(call);
    }
    if (method == "KillUnit") {
        note(method);
        return sd_bus_reply_method_return(call, "");
    }
    return queue_job(call, method);
}

int FakeSystemd::load_unit(sd_bus_message* call) {
    const char* unit = nullptr;
    sd_bus_message_read(call, "s", &unit);
    return sd_bus_reply_method_return(call, "o", path_of(unit).c_str());
}

int FakeSystemd::get_property(sd_bus_message* call) {
    const char* interface = nullptr;
    const char* name = nullptr;
    sd_bus_message_read(call, "ss", &interface, &name);
    const std::string unit = unit_of(sd_bus_message_get_path(call));
    const auto found = units.find(unit);
    FakeUnit absent{.load = "not-found", .active = "inactive", .sub = "dead"};
    FakeUnit& state = found == units.end() ? absent : found->second;
    const std::string_view property = name;
    const std::string value = property == "LoadState"     ? state.load
                              : property == "ActiveState" ? state.active
                                                          : state.sub;
    const int done = sd_bus_reply_method_return(call, "v", "s", value.c_str());
    if (property == "SubState" && !state.becomes.empty()) {
        state.active = std::exchange(state.becomes, "");
        tell_run(sd_bus_message_get_bus(call), unit, {.active = state.active});
    }
    return done;
}

int FakeSystemd::queue_job(sd_bus_message* call, const std::string& method) {
    const char* unit = nullptr;
    const char* mode = nullptr;
    sd_bus_message_read(call, "ss", &unit, &mode);
    note(method + ' ' + unit + ' ' + mode);
    return reply_job(call, unit, units[unit].job_result);
}

int FakeSystemd::reply_job(sd_bus_message* call,
                           const std::string& unit,
                           const std::string& result) {
    sd_bus* bus = sd_bus_message_get_bus(call);
    // Another unit's job that ends in between is not ours.
    sd_bus_emit_signal(bus,
                       kManagerPath,
                       kManager,
                       "JobRemoved",
                       "uoss",
                       6U,
                       "/org/freedesktop/systemd1/job/6",
                       "other.service",
                       "canceled");
    const char* job = "/org/freedesktop/systemd1/job/7";
    const int done = sd_bus_reply_method_return(call, "o", job);
    if (!result.empty()) {
        sd_bus_emit_signal(bus,
                           kManagerPath,
                           kManager,
                           "JobRemoved",
                           "uoss",
                           7U,
                           job,
                           unit.c_str(),
                           result.c_str());
    }
    return done;
}

int FakeSystemd::start_transient(sd_bus_message* call) {
    const char* unit = nullptr;
    const char* mode = nullptr;
    sd_bus_message_read(call, "ss", &unit, &mode);
    const std::string name = unit;
    note("StartTransientUnit " + name + ' ' + mode);
    sd_bus_message_enter_container(call, 'a', "(sv)");
    while (sd_bus_message_enter_container(call, 'r', "sv") > 0) {
        const char* property = nullptr;
        sd_bus_message_read(call, "s", &property);
        note(std::string(property) + '=' + value_text(call));
        sd_bus_message_exit_container(call);
    }
    sd_bus* bus = sd_bus_message_get_bus(call);
    tell_run(bus, name, {.active = "inactive"});  // as systemd tells when the unit is made
    tell_run(bus, name, {.active = "activating"});
    if (next_run.job_result.empty()) {
        return reply_job(call, name, "");
    }
    tell_run(bus, name, {.active = "deactivating", .result = next_run.result});
    const int done = reply_job(call, name, next_run.job_result);
    tell_run(bus, name, next_run);
    return done;
}

}  // namespace install_cert::consumers
