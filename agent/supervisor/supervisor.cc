// SPDX-License-Identifier: Apache-2.0
#include "agent/supervisor/supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <tuple>
#include <utility>

#include "agent/supervisor/control.h"

namespace install_cert::supervisor {
namespace {

constexpr int kConfigExit = 78;
constexpr std::chrono::minutes kBetweenKills{1};
constexpr int kBetweenAccepts = 1000;  // ms, while no connection can be taken

Result<> watch(int events, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(events, EPOLL_CTL_ADD, fd, &event) != 0) {
        return fail_errno(Failure::io, "epoll_ctl", errno);
    }
    return {};
}

// The value itself is of no interest, only that it is taken: an armed descriptor stays readable.
int drain(int fd) {
    std::uint64_t value = 0;
    return ::read(fd, &value, sizeof value) < 0 ? errno : 0;
}

double uniform() {
    std::uint32_t value = 0;
    std::ignore = ::getrandom(&value, sizeof value, GRND_NONBLOCK);
    return static_cast<double>(value) / 4294967296.0;
}

void complain(const Error& error) {
    (void)std::fprintf(stderr, "install-cert: %s\n", error.what.c_str());
}

sigset_t handled_signals() {
    sigset_t set;
    (void)::sigemptyset(&set);
    for (const int signal : {SIGHUP, SIGUSR1, SIGTERM, SIGINT}) {
        (void)::sigaddset(&set, signal);
    }
    return set;
}

std::string monotonic_usec() {
    timespec now{};
    (void)::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::to_string(std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000);
}

}  // namespace

Supervisor::Supervisor(Settings settings, const Clock& clock)
    : settings_(std::move(settings)),
      clock_(clock),
      notifier_(Notifier::from_environment()),
      agenda_(Cause::start, clock.now() + std::chrono::ceil<std::chrono::seconds>(settings_.first)),
      ready_(settings_.ready) {}

int Supervisor::run() {
    if (const auto opened = open(); !opened) {
        complain(opened.error());
        return install_cert::exit_code(opened.error().kind);
    }
    while (!exit_) {
        start_turn();
        if (!arm_timer()) {
            agenda_.clock_was_set();
            continue;
        }
        wait_and_dispatch();
    }
    notifier_.tell("STOPPING=1");
    if (worker_) {
        // A worker may be killed at any instruction: the next start finds the old set or the new
        // one.
        worker_->kill();
        (void)worker_->finish();
    }
    return *exit_;
}

Result<> Supervisor::open() {
    const sigset_t handled = handled_signals();
    (void)::sigprocmask(SIG_BLOCK, &handled, nullptr);
    events_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
    signals_ = UniqueFd(::signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK));
    // The wall clock, so that a suspended host wakes to what became due meanwhile; cancelled by a
    // clock step.
    timer_ = UniqueFd(::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK));
    watchdog_ = UniqueFd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!events_ || !signals_ || !timer_ || !watchdog_) {
        return fail_errno(Failure::io, "setting up the event loop", errno);
    }
    auto only = be_the_only_one(settings_.runtime_directory);
    if (!only) {
        return std::unexpected(only.error());
    }
    only_ = std::move(*only);
    auto listener = listen_at(settings_.runtime_directory);
    if (!listener) {
        return std::unexpected(listener.error());
    }
    listener_ = std::move(*listener);
    for (const int fd : {signals_.get(), timer_.get(), watchdog_.get(), listener_.get()}) {
        if (auto watched = watch(events_.get(), fd); !watched) {
            return watched;
        }
    }
    if (const auto period = notifier_.watchdog()) {
        const std::int64_t usec = period->count();
        const timespec every{.tv_sec = usec / 1'000'000, .tv_nsec = usec % 1'000'000 * 1000};
        const itimerspec spec{.it_interval = every, .it_value = every};
        if (::timerfd_settime(watchdog_.get(), 0, &spec, nullptr) != 0) {
            return fail_errno(Failure::io, "timerfd_settime", errno);
        }
    }
    return {};
}

bool Supervisor::arm_timer() {
    // While a worker runs, the timer bounds it; else it is the next turn's.
    const WallTime at = worker_ ? clock_.now() + std::chrono::ceil<std::chrono::seconds>(
                                                     worker_->killed_at - clock_.since_boot())
                                : agenda_.next_wake();
    itimerspec spec{};
    spec.it_value.tv_sec = std::max<std::int64_t>(1, at.time_since_epoch().count());
    // A clock step since the timer was read last is told here, and only once (timerfd_settime(2)).
    return ::timerfd_settime(
               timer_.get(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, nullptr) == 0 ||
           errno != ECANCELED;
}

void Supervisor::wait_and_dispatch() {
    std::array<epoll_event, 8> ready{};
    const int count = ::epoll_wait(events_.get(),
                                   ready.data(),
                                   static_cast<int>(ready.size()),
                                   listening_ ? -1 : kBetweenAccepts);
    listening_ = listening_ || watch(events_.get(), listener_.get());
    for (int i = 0; i < count; ++i) {
        const int fd = ready[static_cast<std::size_t>(i)].data.fd;
        if (fd == signals_.get()) {
            on_signals();
        } else if (fd == timer_.get()) {
            on_timer();
        } else if (fd == watchdog_.get()) {
            on_watchdog();
        } else if (fd == listener_.get()) {
            on_connection();
        } else if (worker_ && fd == worker_->pidfd.get()) {
            on_worker_end();
        } else {
            on_client(fd);
        }
    }
}

void Supervisor::on_signals() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
        switch (info.ssi_signo) {
            case SIGHUP:
                agenda_.signal_reload();
                if (ready_) {
                    notifier_.tell("RELOADING=1\nMONOTONIC_USEC=" + monotonic_usec());
                }
                break;
            case SIGUSR1:
                agenda_.signal_renew();
                break;
            default:
                exit_ = 0;
        }
    }
}

void Supervisor::on_timer() {
    if (drain(timer_.get()) == ECANCELED) {
        agenda_.clock_was_set();
    }
    if (worker_ && clock_.since_boot() >= worker_->killed_at) {
        complain({.kind = Failure::io, .what = "a turn hung for 30 minutes and is killed"});
        worker_->kill();
        // One that waits for a dead disk dies when the disk answers.
        worker_->killed_at = clock_.since_boot() + kBetweenKills;
    }
}

void Supervisor::on_watchdog() {
    (void)drain(watchdog_.get());
    notifier_.tell("WATCHDOG=1");
}

void Supervisor::on_connection() {
    UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!client) {
        // With no descriptor left the listener stays readable.
        listening_ = ::epoll_ctl(events_.get(), EPOLL_CTL_DEL, listener_.get(), nullptr) != 0;
        return;
    }
    constexpr std::size_t most_clients = 32;
    if (!is_trusted_peer(client.get()) || clients_.size() >= most_clients) {
        return;
    }
    const int fd = client.get();
    if (watch(events_.get(), fd)) {
        clients_.emplace(fd, std::move(client));
    }
}

void Supervisor::on_client(int fd) {
    const auto packet = receive_packet(fd);
    const auto request = packet && *packet ? parse_request(**packet) : std::nullopt;
    if (!request) {
        agenda_.forget(fd);
        clients_.erase(fd);
        return;
    }
    agenda_.ask_renewal(request->names, request->wait ? std::optional(fd) : std::nullopt);
    if (!request->wait) {
        (void)send_packet(fd, "0");
    }
}

void Supervisor::start_turn() {
    const auto order = agenda_.take(clock_.now());
    if (!order) {
        return;
    }
    auto worker = Worker::start(settings_.program, *order, clock_);
    if (!worker) {
        complain(worker.error());
        end_turn(std::nullopt);
        return;
    }
    if (const auto watched = watch(events_.get(), worker->pidfd.get()); !watched) {
        worker->kill();
        (void)worker->finish();  // its end would never be noticed
        complain(watched.error());
        end_turn(std::nullopt);
        return;
    }
    worker_ = std::move(*worker);
}

void Supervisor::on_worker_end() {
    // What it left in its group is not waited for: the child that retires generations has left it.
    const auto report = worker_->finish();
    worker_.reset();
    if (report) {
        tell_status(*report);
        if (report->exit_code == kConfigExit && !ready_ &&
            agenda_.running()->cause == Cause::start) {
            exit_ = kConfigExit;
        }
    } else {
        complain(
            {.kind = Failure::io, .what = "a turn ended without a report; it will be tried again"});
    }
    end_turn(report);
}

void Supervisor::tell_status(const TurnReport& report) {
    std::string state = "STATUS=" + report.status;
    const bool reloading = ready_ && agenda_.reload_pending();
    ready_ = ready_ || report.valid;
    if (ready_ && !reloading) {
        state += "\nREADY=1";  // also what ends a reload
    }
    notifier_.tell(state);
}

void Supervisor::end_turn(const std::optional<TurnReport>& report) {
    for (const int fd : agenda_.finished(report, clock_.now(), uniform())) {
        const int code = report ? report->exit_code : install_cert::exit_code(Failure::io);
        (void)send_packet(fd,
                          std::to_string(code) + " " + (report ? report->status : "the turn died"));
        clients_.erase(fd);
    }
}

}  // namespace install_cert::supervisor
