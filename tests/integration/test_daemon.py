# SPDX-License-Identifier: Apache-2.0
"""`run` and the gate against a real server, as systemd sees them."""
import contextlib
import socket
import subprocess

import pytest

from openssl import assert_set

WAIT = 30  # seconds for a word to systemd


class Daemon:
    def __init__(self, host, **environment):
        path = str(host.inputs / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(WAIT)
        self.process = subprocess.Popen(
            [host.program, "--config", host.config, "--root", host.root, "run"], stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "NOTIFY_SOCKET": path, **environment})

    def told(self):
        """Names and values of the next message to systemd."""
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().split("\n"))

    def turn(self):
        """The message that ends the next turn; `run` has told before of what lies on disk."""
        while (told := self.told())["STATUS"].startswith(("waiting: ", "every set on disk is valid")):
            pass
        return told


@contextlib.contextmanager
def running(host, **environment):
    daemon = Daemon(host, **environment)
    try:
        yield daemon
    finally:
        daemon.process.terminate()
        daemon.process.wait(30)
        daemon.socket.close()


def test_the_gate_is_open_on_a_host_that_is_not_configured(host):
    assert host.run("status", "--wait").code == 0


def test_the_gate_is_open_where_the_sets_are_valid_whatever_became_of_the_configuration(etcd_host):
    """Fault 98."""
    etcd_host.install()
    etcd_host.change(renewel={})
    assert etcd_host.run("check").code == 78
    assert etcd_host.run("status", "--wait").code == 0


def test_a_daemon_takes_the_credential_where_there_is_no_token_file(etcd_host, tokens):
    etcd_host.token_file.unlink()
    credentials = etcd_host.inputs / "credentials"
    credentials.mkdir(mode=0o700)
    etcd_host.write_input(credentials / "vault-token", tokens["etcd-member"], 0o400)
    with running(etcd_host, CREDENTIALS_DIRECTORY=str(credentials)) as daemon:
        assert daemon.turn()["READY"] == "1"
    assert_set(etcd_host.certs, "etcd-member")


@pytest.mark.parametrize("installed", [False, True], ids=["nothing is installed", "valid sets are"])
def test_a_daemon_waits_for_a_user_who_is_not_there_yet(etcd_host, installed):
    """Fault 63. Sets that are valid serve their consumers meanwhile."""
    if installed:
        etcd_host.install()
    known = etcd_host.values
    etcd_host.change(certificates={"etcd-member": {"owner": "nobody-yet"}})
    with running(etcd_host) as daemon:
        for _ in range(2):
            told = daemon.turn()
            assert "nobody-yet" in told["STATUS"]
            assert ("READY" in told) == installed
        etcd_host.configure(known)
        while (told := daemon.turn())["STATUS"].startswith("configuration: "):
            pass
        assert told["READY"] == "1"
    assert_set(etcd_host.certs, "etcd-member")
