# SPDX-License-Identifier: Apache-2.0
"""An etcd host that systemd boots, in the order of its life: the first tests are its first boot."""
import signal

import pytest

from etcd_host import AGENT, ETCD, GATE
from waiting import until


def states(host):
    return [host.machine.show(unit, "ActiveState") for unit in (AGENT, GATE, ETCD)]


@pytest.fixture
def serving(host):
    """The host with agent, gate and etcd up, and no turn waiting to be run."""
    until(lambda: states(host) == ["active"] * 3, 60, "agent, gate and etcd to be up")
    until(lambda: " next " in host.status_text(), 60, "the first turn to be over")
    return host


def await_word(host, word):
    until(lambda: word in host.status_text(), 60, f"the agent's status to speak of {word}")


def test_a_first_boot_waits_for_token_ca_file_and_a_sealed_vault(host):
    host.bao.seal()
    host.machine.boot()
    held = ["activating", "activating", "inactive"]
    await_word(host, "token")
    assert states(host) == held
    host.give_token()
    await_word(host, "vault-ca.pem")
    assert states(host) == held
    host.give_ca()
    await_word(host, "sealed")
    assert states(host) == held
    assert host.issued() == 0


def test_a_vault_that_is_unsealed_makes_the_unit_ready_and_starts_etcd(host):
    host.bao.unseal()
    host.machine.await_state(AGENT, "active", 90)
    assert host.files() == ["etcd-member-ca.pem", "etcd-member-key.pem", "etcd-member.pem", "kube-bundle.certs"]
    host.machine.await_state(ETCD, "active")
    assert host.etcd_answers()
    assert host.issued() == 1


def test_a_restart_of_the_unit_asks_for_nothing_and_reaches_no_consumer(serving):
    before = serving.serial(), serving.issued(), serving.pid(ETCD)
    serving.machine.systemctl("restart", AGENT)
    await_word(serving, " next ")
    assert (serving.serial(), serving.issued(), serving.pid(ETCD)) == before


def test_a_reboot_brings_a_new_certificate(serving):
    old = serving.serial()
    serving.machine.reboot()
    serving.await_renewal(old)


def test_a_reboot_without_vault_has_etcd_up_and_renews_when_vault_is_back(serving):
    old = serving.serial()
    serving.machine.reboot(meanwhile=serving.bao.stop)
    serving.machine.await_state(ETCD, "active")
    assert serving.etcd_answers()
    assert serving.machine.show(AGENT, "ActiveState") == "active"
    assert serving.serial() == old
    serving.bao.start()
    serving.await_renewal(old, 90)


def test_a_storm_of_signals_makes_two_turns_at_most(serving):
    before = serving.issued()
    storm = f"i=0; while [ $i -lt 1000 ]; do kill -USR1 {serving.pid()}; i=$((i+1)); done"
    serving.machine.check("sh", "-c", storm)
    # Its turn comes after theirs.
    serving.machine.check("install-cert", "renew", "--wait", timeout=90)
    assert 2 <= serving.issued() - before <= 3


def test_renew_waits_for_the_daemon_and_hands_on_its_result(serving):
    old = serving.serial()
    done = serving.machine.run("install-cert", "renew", "--wait", "etcd-member", timeout=90)
    assert (done.returncode, serving.serial() != old) == (0, True), done
    assert serving.machine.run("install-cert", "renew", "--wait", "etcd-membre").returncode == 64


@pytest.fixture
def in_mid_turn(serving):
    """The process id of a worker that waits for Vault's answer."""
    serving.bao.process.send_signal(signal.SIGSTOP)
    serving.machine.systemctl("kill", "--kill-whom=main", "--signal=USR1", AGENT)
    worker = until(lambda: serving.machine.run("pgrep", "-P", str(serving.pid())).stdout.strip(), 30, "a worker")
    yield worker
    serving.bao.process.send_signal(signal.SIGCONT)


def test_a_killed_worker_is_a_turn_that_is_tried_again(serving, in_mid_turn):
    serial, etcd, supervisor = serving.serial(), serving.pid(ETCD), serving.pid()
    serving.machine.check("kill", "-KILL", in_mid_turn)
    until(lambda: "without a report" in str(serving.machine.journal(AGENT)), 30, "the journal to tell of it")
    assert (serving.pid(), serving.pid(ETCD), serving.serial()) == (supervisor, etcd, serial)
    assert states(serving) == ["active"] * 3
    serving.bao.process.send_signal(signal.SIGCONT)
    serving.machine.check("install-cert", "renew", "--wait", timeout=90)
    assert serving.serial() != serial
    assert serving.machine.run("install-cert", "status").returncode == 0


def test_a_broken_configuration_is_reported_and_the_running_one_kept(serving):
    etcd = serving.pid(ETCD)
    serving.configure({**serving.values, "renewel": {}})
    serving.machine.systemctl("reload", AGENT)
    until(lambda: "renewel" in str(serving.machine.journal(AGENT)), 30, "the journal to name the unknown key")
    serving.machine.check("install-cert", "renew", "--wait", timeout=90)
    assert states(serving) == ["active"] * 3

    assert serving.machine.run("systemctl", "restart", AGENT).returncode != 0
    assert serving.machine.show(AGENT, "ExecMainStatus") == "78"
    assert serving.machine.show(AGENT, "NRestarts") == "0"
    assert states(serving) == ["failed", "active", "active"]
    assert serving.pid(ETCD) == etcd

    serving.configure(serving.values)
    serving.machine.systemctl("restart", AGENT)
    assert states(serving) == ["active"] * 3


def test_a_supervisor_that_hangs_is_bitten_by_the_watchdog(serving):
    etcd = serving.pid(ETCD)
    serving.machine.write(f"/run/systemd/system/{AGENT}.d/watchdog.conf", "[Service]\nWatchdogSec=2s\n")
    serving.machine.systemctl("daemon-reload")
    serving.machine.systemctl("restart", AGENT)
    await_word(serving, " next ")
    hung = serving.pid()
    serving.machine.check("kill", "-STOP", str(hung))
    until(lambda: serving.pid() not in (0, hung), 40, "another supervisor")
    serving.machine.await_state(AGENT, "active")
    assert "watchdog" in str(serving.machine.journal(AGENT)).lower()
    assert serving.pid(ETCD) == etcd
    serving.machine.check("rm", "-r", f"/run/systemd/system/{AGENT}.d")
    serving.machine.systemctl("daemon-reload")
    serving.machine.systemctl("restart", AGENT)
