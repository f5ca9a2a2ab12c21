# SPDX-License-Identifier: Apache-2.0
"""When the resident process runs a turn, and what it tells systemd of it; the worker is a script here."""
import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest

BUILD = pathlib.Path(os.environ["INSTALL_CERT"]).resolve().parents[1]
SUPERVISOR = BUILD / "libexec/install-cert/supervisor"
CLOCK = BUILD / "tests/systemd/libfast_clock.so"
# Says which turn it is, and ends it when it is told how.
WORKER = """#!/bin/sh
echo "$3" >>{directory}/begun
read -r status <{directory}/gate
printf 'exit_code=0\\nagain=0\\nvalid=1\\nnext_wake=4102444800\\nstatus=%s\\nend\\n' "$status" >&3
"""


class Daemon:
    def __init__(self, directory, **environment):
        self.begun, self.gate = directory / "begun", directory / "gate"
        os.mkfifo(self.begun)
        os.mkfifo(self.gate)
        worker = directory / "worker"
        worker.write_text(WORKER.format(directory=directory))
        worker.chmod(0o755)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(directory / "notify"))
        self.socket.settimeout(30)
        self.process = subprocess.Popen(
            [SUPERVISOR, directory, "0", "waiting", worker], stderr=subprocess.PIPE, text=True,
            env={**os.environ, "NOTIFY_SOCKET": str(directory / "notify"), **environment})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()  # its worker with it
        self.process.communicate(timeout=30)

    def turn_begins(self):
        """The cause of the turn that begins."""
        return self.begun.read_text().strip()

    def end_turn(self, status):
        self.gate.write_text(status + "\n")

    def told(self):
        """Names and values of the next message to systemd."""
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().split("\n"))


@pytest.fixture
def daemon(tmp_path):
    with Daemon(tmp_path) as daemon:
        yield daemon


def test_a_reload_is_over_when_its_own_turn_has_ended(daemon):
    """sd_notify(3): READY=1 is withheld while a turn runs that began before the signal."""
    assert daemon.turn_begins() == "start"
    daemon.end_turn("started")
    assert daemon.told() == {"STATUS": "started", "READY": "1"}

    daemon.process.send_signal(signal.SIGUSR1)
    assert daemon.turn_begins() == "renew"
    daemon.process.send_signal(signal.SIGHUP)
    reloading = daemon.told()
    assert reloading["RELOADING"] == "1" and int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    daemon.end_turn("renewed")
    assert daemon.told() == {"STATUS": "renewed"}

    assert daemon.turn_begins() == "reload"
    daemon.end_turn("reloaded")
    assert daemon.told() == {"STATUS": "reloaded", "READY": "1"}


class Timex(ctypes.Structure):
    """adjtimex(2), of which these tests need the first field and the time."""
    _fields_ = [("modes", ctypes.c_uint), ("until_time", ctypes.c_long * 8), ("seconds", ctypes.c_long),
                ("nanoseconds", ctypes.c_long), ("rest", ctypes.c_long * 32)]


def set_the_clock():
    """By a nanosecond: for the kernel as much of a step as a year."""
    adj_setoffset, adj_nano = 0x0100, 0x2000
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.adjtimex(ctypes.byref(Timex(modes=adj_setoffset | adj_nano, nanoseconds=1))) < 0:
        pytest.fail(f"the clock must be one that a test may set: {os.strerror(ctypes.get_errno())}")


def test_a_clock_that_is_set_makes_a_turn_at_once(daemon):
    """Fault 6. The timer of a sleeping process is cancelled."""
    assert daemon.turn_begins() == "start"
    daemon.end_turn("started")
    assert daemon.told()["STATUS"] == "started"
    set_the_clock()
    assert daemon.turn_begins() == "clock"


def test_a_worker_that_hangs_is_killed_at_its_limit_and_its_turn_tried_again(tmp_path):
    """Fault 85. In a time that runs 900 times as fast; the watchdog is fed meanwhile."""
    with Daemon(tmp_path, LD_PRELOAD=str(CLOCK), FAST_CLOCK=f"{int(time.time())} 900 boot",
                WATCHDOG_USEC="400000") as daemon:
        assert daemon.turn_begins() == "start"
        assert daemon.told() == {"WATCHDOG": "1"}
        # The first worker still waits to be told how to end.
        assert daemon.turn_begins() == "start"
        assert daemon.process.stderr.readline() == "install-cert: a turn hung for 30 minutes and is killed\n"
        daemon.end_turn("started")
        while (told := daemon.told()) == {"WATCHDOG": "1"}:
            pass
        assert told == {"STATUS": "started", "READY": "1"}
