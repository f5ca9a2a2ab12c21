# SPDX-License-Identifier: Apache-2.0
"""Boots of an etcd host, in the order of its life: the first tests are its first boot."""
import pytest

from etcd_host import AGENT, ETCD


@pytest.fixture
def up(host):
    host.await_serving()
    return host


def test_a_first_boot_waits_for_token_ca_file_and_a_sealed_vault(host):
    """Faults 3, 12. Whatever comes late, the agent says what it waits for, etcd is held, and nothing is asked
    of Vault."""
    host.bao.seal()
    host.machine.boot()
    held = ["activating", "activating", "inactive"]
    host.await_word("token")
    assert host.states() == held
    host.give_token()
    host.await_word("vault-ca.pem")
    assert host.states() == held
    host.give_ca()
    host.await_word("sealed")
    assert host.states() == held
    assert host.issued() == 0


def test_a_vault_that_is_unsealed_makes_the_unit_ready_and_starts_etcd(host):
    """Without anybody's doing, one request brings the files, readiness and etcd."""
    host.bao.unseal()
    host.machine.await_state(AGENT, "active", 90)
    assert host.files() == ["etcd-member-ca.pem", "etcd-member-key.pem", "etcd-member.pem", "kube-bundle.certs"]
    host.machine.await_state(ETCD, "active")
    assert host.etcd_answers()
    assert host.issued() == 1


def test_a_restart_of_the_unit_asks_for_nothing_and_reaches_no_consumer(up):
    """A restart is no boot."""
    before = up.serial(), up.issued(), up.lives()
    up.machine.systemctl("restart", AGENT)
    up.await_word(" next ")
    assert (up.serial(), up.issued(), up.lives()) == before


def test_a_reboot_brings_a_new_certificate(up):
    """`on_boot: always`: one request a boot."""
    old, issued = up.serial(), up.issued()
    up.machine.reboot()
    up.await_renewal(old)
    up.await_serving()
    assert up.issued() == issued + 1


def test_a_reboot_without_vault_has_etcd_up_and_renews_when_vault_is_back(up):
    """Faults 1, 2. Valid files on disk are all that a boot needs; the renewal is tried until it succeeds."""
    old = up.serial()
    up.machine.reboot(meanwhile=up.bao.stop)
    up.machine.await_state(ETCD, "active")
    assert up.etcd_answers()
    up.machine.await_state(AGENT, "active")
    assert up.serial() == old
    up.bao.start()
    up.await_renewal(old)
