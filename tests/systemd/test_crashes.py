# SPDX-License-Identifier: Apache-2.0
"""Supervisor and worker killed in mid-turn, or hung: the set on disk is whole, consumers notice nothing."""
import signal

import pytest

from etcd_host import AGENT, CERTS, ETCD
from openssl import assert_set
from waiting import until


@pytest.fixture
def in_mid_turn(serving, request):
    """The process id of a worker that waits for Vault, on its way to a certificate that is now wanted otherwise."""
    serving.bao.process.send_signal(signal.SIGSTOP)
    request.addfinalizer(lambda: serving.bao.process.send_signal(signal.SIGCONT))
    serving.want({"ttl": f"{request.param}h"})
    return until(lambda: serving.machine.run("pgrep", "-P", str(serving.pid())).stdout.strip(), 60, "a worker")


def assert_unharmed(host, serial, etcd):
    assert (host.serial(), host.lives()) == (serial, etcd)
    assert host.machine.show(ETCD, "ActiveState") == "active"
    assert_set(host.machine.path(CERTS), "etcd-member")


def assert_one_renewal_follows(host, serial, issued):
    """Nobody asks for it again."""
    host.bao.process.send_signal(signal.SIGCONT)
    host.await_renewal(serial)
    host.await_serving()
    assert host.issued() == issued + 1
    assert_set(host.machine.path(CERTS), "etcd-member")
    assert host.machine.run("install-cert", "status").returncode == 0


@pytest.mark.parametrize("in_mid_turn", [700], indirect=True)
def test_a_killed_worker_is_a_turn_that_is_tried_again(serving, in_mid_turn):
    """Fault 69. The supervisor lives on, and the same turn follows with one request."""
    before, supervisor, issued = (serving.serial(), serving.lives()), serving.pid(), serving.issued()
    serving.machine.check("kill", "-KILL", in_mid_turn)
    until(lambda: "without a report" in str(serving.machine.journal(AGENT)), 60, "the journal to tell of it")
    assert serving.pid() == supervisor
    assert_unharmed(serving, *before)
    assert_one_renewal_follows(serving, before[0], issued)
    assert serving.pid() == supervisor


@pytest.mark.parametrize("in_mid_turn", [690], indirect=True)
def test_a_killed_supervisor_is_started_again_without_its_worker(serving, in_mid_turn):
    """Fault 76. systemd ends the worker with it and starts another supervisor, whose first turn makes the only
    request."""
    before, supervisor, issued = (serving.serial(), serving.lives()), serving.pid(), serving.issued()
    serving.machine.check("kill", "-KILL", str(supervisor))
    until(lambda: serving.pid() not in (0, supervisor), 60, "another supervisor")
    assert serving.machine.run("kill", "-0", in_mid_turn).returncode != 0
    assert_unharmed(serving, *before)
    assert serving.machine.show(AGENT, "NRestarts") == "1"
    assert_one_renewal_follows(serving, before[0], issued)


def test_a_supervisor_that_hangs_is_bitten_by_the_watchdog(serving):
    """Fault 85. systemd kills it for its silence and starts another one, and etcd goes on."""
    etcd, issued = serving.lives(), serving.issued()
    serving.machine.write(f"/run/systemd/system/{AGENT}.d/watchdog.conf",
                          "[Service]\nWatchdogSec=2s\nTimeoutAbortSec=1s\nRestartSec=100ms\n")
    serving.machine.systemctl("daemon-reload")
    serving.machine.systemctl("restart", AGENT)
    serving.await_serving()
    hung = serving.pid()
    serving.machine.check("kill", "-STOP", str(hung))
    until(lambda: serving.pid() not in (0, hung), 90, "another supervisor")
    serving.await_serving()
    assert "watchdog" in str(serving.machine.journal(AGENT)).lower()
    assert (serving.lives(), serving.issued()) == (etcd, issued)
