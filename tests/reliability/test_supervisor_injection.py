# SPDX-License-Identifier: Apache-2.0
"""Each system call of the resident process fails in its turn: it goes on renewing, or ends with a reason, and never
spins. The worker is a script here."""
import collections
import contextlib
import dataclasses
import errno
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile

import pytest

from traced import stops
from waiting import until
from workers import Workers, here

SUPERVISOR = pathlib.Path(os.environ["INSTALL_CERT"]).resolve().parents[1] / "libexec/install-cert/supervisor"
MUTANTS = pathlib.Path(os.environ["MUTANTS"])
WORKER = """#!/bin/sh
echo "$3" >>{directory}/turns
printf 'exit_code=0\\nagain=0\\nvalid=1\\nnext_wake=4102444800\\nstatus=done\\nend\\n' >&3
"""
ERRORS = {
    "epoll_create1": ["EMFILE"], "signalfd4": ["EMFILE"], "timerfd_create": ["EMFILE"],
    "flock": ["ENOLCK"], "bind": ["EADDRINUSE", "EROFS"], "listen": ["EADDRINUSE"], "socket": ["EMFILE"],
    "epoll_ctl": ["ENOMEM", "ENOSPC"], "epoll_wait": ["EINTR"], "timerfd_settime": ["ECANCELED", "EINVAL"],
    "read": ["EIO", "EINTR"], "accept4": ["EMFILE", "ENFILE", "ENOMEM", "ECONNABORTED"], "getsockopt": ["ENOBUFS"],
    "recvfrom": ["ENOMEM", "EINTR"], "sendto": ["ENOBUFS"], "pipe2": ["EMFILE"], "pidfd_open": ["EMFILE", "ENOMEM"],
    "clone": ["EAGAIN", "ENOMEM"], "clone3": ["EAGAIN", "ENOMEM"], "execve": ["ENOMEM"], "wait4": ["EINTR"],
}
START = "epoll_create1:"  # its first call
OF_A_START = 74
REASON = re.compile("^install-cert: .*: ", re.MULTILINE)
PATIENCE = 20  # seconds for what takes two at most, with its back-off
MOST_WAKES = 100  # of a life that takes a few of them


@dataclasses.dataclass(frozen=True)
class Failure:
    call: str
    when: int
    lasting: str
    error: str

    def option(self):
        return "--fail", f"{self.call},{self.when},{self.lasting},{getattr(errno, self.error)}"


def only_child(pid):
    return int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


class Daemon:
    """The supervisor under the tracer, in a directory of its own."""

    def __init__(self, supervisor, *options, patience=PATIENCE, **environment):
        self.patience = patience
        self.directory = pathlib.Path(tempfile.mkdtemp(dir=here["directory"]))
        self.log, self.turns, self.errors = (self.directory / name for name in ("log", "turns", "errors"))
        worker = self.directory / "worker"
        worker.write_text(WORKER.format(directory=self.directory))
        worker.chmod(0o755)
        with self.errors.open("w") as errors:
            self.tracer = subprocess.Popen(
                [os.environ["TRACER"], "--from", START, "--log", self.log, *options, "--", supervisor, self.directory,
                 "0", "waiting", worker], stdin=subprocess.DEVNULL, stderr=errors, env={"PATH": os.environ["PATH"], **environment})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tracer.kill()  # and all that it traces
        self.tracer.wait()

    def has_ended(self):
        return self.tracer.poll() is not None

    def until(self, event, what):
        """What comes first: the event, or the end of the process."""
        until(lambda: self.has_ended() or event(), self.patience, what)

    def renewals(self):
        return self.turns.read_text().split().count("renew") if self.turns.exists() else 0

    def signal(self, number):
        with contextlib.suppress(FileNotFoundError, IndexError, ProcessLookupError):  # it has ended
            os.kill(only_child(only_child(self.tracer.pid)), number)

    def ask(self):
        """A connection over which a renewal was asked for; None where the process has ended."""
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        client.setblocking(False)
        address = str(self.directory / "control")
        self.until(lambda: client.connect_ex(address) == 0, "the control socket")
        with contextlib.suppress(OSError):
            client.send(b"renew\0")
        return client

    def is_asked(self):
        before = self.renewals()
        with self.ask() as client:
            self.until(lambda: self.renewals() > before or is_closed(client), "the renewal that a client asked for")

    def is_signalled(self):
        before = self.renewals()
        self.signal(signal.SIGUSR1)
        self.until(lambda: self.renewals() > before, "the renewal that a signal asked for")

    def stop(self):
        self.signal(signal.SIGTERM)
        until(self.has_ended, self.patience, "the end")

    def entries(self):
        """{call: how often it was made}, once it has ended."""
        return collections.Counter(stop.call for stop in stops(self.log) if stop.entering)


def is_closed(client):
    try:
        return client.recv(64, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def recorded_life():
    with Daemon(SUPERVISOR) as daemon:
        daemon.is_asked()
        daemon.is_signalled()
        daemon.stop()
        return daemon.entries()


def faults_after(failure, supervisor=SUPERVISOR, patience=PATIENCE):
    with Daemon(supervisor, *failure.option(), patience=patience) as daemon:
        try:
            daemon.is_asked()
            daemon.is_signalled()
            daemon.is_signalled()  # also after a failure in the turn before
            ended_itself = daemon.has_ended()
            daemon.stop()
        except TimeoutError as error:
            return [f"{failure}: {error}"]
        code, said, wakes = daemon.tracer.returncode, daemon.errors.read_text(), daemon.entries()["epoll_wait"]
    found = []
    if code != (OF_A_START if ended_itself else 0):
        found.append(f"{failure}: ended with {code}: {said!r}")
    if ended_itself and not REASON.search(said):
        found.append(f"{failure}: no reason: {said!r}")
    if wakes > MOST_WAKES:
        found.append(f"{failure}: woke {wakes} times")
    return found


@pytest.fixture(scope="module")
def workers():
    made = Workers()
    yield made
    made.stop()


def test_a_failing_call_of_the_resident_process_costs_no_renewal(workers):
    """Fault 73."""
    made = workers.begin(recorded_life).result()
    assert made["epoll_wait"] < MOST_WAKES / 2
    failures = [Failure(call, when, "once", error) for call, errors in ERRORS.items()
                for when in range(1, made[call] + 1) for error in errors]
    found = [fault for faults in workers.run(faults_after, [(failure,) for failure in failures]) for fault in faults]
    print(f"{len(failures)} failures of {len({failure.call for failure in failures})} kinds, {len(found)} faults")
    assert not found, "\n".join(found)


def test_a_worker_whose_end_nobody_would_notice_is_caught(workers):
    made = workers.begin(recorded_life).result()
    last = Failure("epoll_ctl", made["epoll_ctl"], "once", "ENOMEM")
    assert workers.begin(faults_after, last, MUTANTS / "worker_unwatched", 5).result(), "not caught"


def life_without_descriptors():
    """How often it tried to take a connection while it fed the watchdog."""
    directory = tempfile.mkdtemp(dir=here["directory"])
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"{directory}/notify")
        systemd.settimeout(PATIENCE)
        with Daemon(SUPERVISOR, *Failure("accept4", 1, "forever", "EMFILE").option(), WATCHDOG_USEC="400000",
                    NOTIFY_SOCKET=f"{directory}/notify") as daemon:
            with daemon.ask():
                fed = 0
                while fed < 4:
                    fed += systemd.recv(4096) == b"WATCHDOG=1"
                daemon.is_signalled()
            daemon.stop()
            return daemon.renewals(), daemon.entries()["accept4"]


def test_without_descriptors_for_clients_it_does_not_spin(workers):
    """Fault 73."""
    renewals, tries = workers.begin(life_without_descriptors).result()
    assert renewals == 1
    assert 0 < tries < 20
