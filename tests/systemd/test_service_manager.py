# SPDX-License-Identifier: Apache-2.0
"""What systemd does and lacks around the agent: a unit that cannot be reloaded, no D-Bus, a re-execution, restarts."""
import pytest

from etcd_host import AGENT
from waiting import until

CONSUMER = "plain.service"
BUDGET = 10


@pytest.fixture
def consumed(serving):
    """With a consumer that knows no reload."""
    serving.machine.write(f"/etc/systemd/system/{CONSUMER}", "[Service]\nExecStart=/bin/sleep infinity\n")
    serving.machine.systemctl("daemon-reload")
    serving.machine.systemctl("start", CONSUMER)
    return serving


def renew(host, ttl):
    """Has the set renewed and the consumer told."""
    old, serial = host.pid(CONSUMER), host.serial()
    host.want({"consumers": [{"unit": CONSUMER}], "ttl": ttl})
    host.await_renewal(serial)
    until(lambda: host.pid(CONSUMER) not in (0, old), 60, "the consumer to be restarted")
    until(lambda: not host.health()["etcd-member"]["reloads_owed"], 60, "the debt to be written off")


def test_a_unit_without_a_reload_is_restarted(consumed):
    """Fault 81."""
    renew(consumed, "700h")
    assert consumed.machine.show(CONSUMER, "ActiveState") == "active"
    assert not consumed.events("reload_failed")


def test_without_dbus_systemd_is_reached_by_its_private_socket(consumed):
    """Fault 86."""
    consumed.machine.systemctl("stop", "dbus.socket", "dbus.service")
    assert consumed.machine.run("busctl", "list").returncode != 0
    renew(consumed, "690h")
    assert not consumed.events("reload_failed")
    consumed.machine.systemctl("start", "dbus.socket")


def test_systemd_may_be_executed_anew(consumed):
    """Fault 90. It goes on watching the agent, and the agent goes on reaching it."""
    states, lives = consumed.states(), [consumed.pid(), consumed.lives()[:2]]
    consumed.machine.systemctl("daemon-reexec")
    assert (consumed.states(), [consumed.pid(), consumed.lives()[:2]]) == (states, lives)
    renew(consumed, "680h")


def test_a_loop_of_restarts_asks_for_no_more_than_the_budget(consumed):
    """Fault 90. Each life of the agent finds that it wants another certificate."""
    issued, etcd = consumed.issued(), consumed.lives()
    for number in range(BUDGET + 2):
        consumed.configure({**consumed.values, "certificates": {
            "etcd-member": {**consumed.values["certificates"]["etcd-member"], "ttl": f"{600 + number}h"}}})
        consumed.machine.systemctl("restart", AGENT)
        consumed.await_word(" next ")
    assert 2 <= consumed.issued() - issued < BUDGET
    assert consumed.events("budget_spent")
    assert consumed.lives() == etcd
