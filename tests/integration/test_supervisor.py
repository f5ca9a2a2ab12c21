# SPDX-License-Identifier: Apache-2.0
"""What the resident process tells systemd of its turns; the worker is a script here."""
import os
import pathlib
import signal
import socket
import subprocess

import pytest

SUPERVISOR = pathlib.Path(os.environ["INSTALL_CERT"]).resolve().parents[1] / "libexec/install-cert/supervisor"
# Says which turn it is, and ends it when it is told how.
WORKER = """#!/bin/sh
echo "$3" >>{directory}/begun
read -r status <{directory}/gate
printf 'exit_code=0\\nagain=0\\nvalid=1\\nnext_wake=4102444800\\nstatus=%s\\nend\\n' "$status" >&3
"""


class Daemon:
    def __init__(self, directory):
        self.begun, self.gate = directory / "begun", directory / "gate"
        os.mkfifo(self.begun)
        os.mkfifo(self.gate)
        worker = directory / "worker"
        worker.write_text(WORKER.format(directory=directory))
        worker.chmod(0o755)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(directory / "notify"))
        self.socket.settimeout(30)
        self.process = subprocess.Popen([SUPERVISOR, directory, "0", "waiting", worker],
                                        env={**os.environ, "NOTIFY_SOCKET": str(directory / "notify")})

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
    daemon = Daemon(tmp_path)
    yield daemon
    daemon.process.kill()
    daemon.process.wait()


def test_a_reload_is_over_when_its_own_turn_has_ended(daemon):
    """sd_notify(3): READY=1 is withheld while a turn runs that began before the signal."""
    assert daemon.turn_begins() == "start"
    daemon.end_turn("started")
    assert daemon.told() == {"STATUS": "started", "READY": "1"}

    daemon.process.send_signal(signal.SIGUSR1)
    assert daemon.turn_begins() == "renew"
    daemon.process.send_signal(signal.SIGHUP)
    assert daemon.told()["RELOADING"] == "1"
    daemon.end_turn("renewed")
    assert daemon.told() == {"STATUS": "renewed"}

    assert daemon.turn_begins() == "reload"
    daemon.end_turn("reloaded")
    assert daemon.told() == {"STATUS": "reloaded", "READY": "1"}
