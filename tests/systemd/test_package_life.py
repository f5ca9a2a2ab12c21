# SPDX-License-Identifier: Apache-2.0
"""The Debian package on a running host, in the order of its life: installed, booted, upgraded, removed, purged."""
import contextlib
import shutil
import threading

import pytest

from etcd_host import AGENT, CERTS, ETCD, EXAMPLES, GATE
from openssl import assert_set, leaf
from package import built_package, next_version
from waiting import until

FILES = ["etcd-member-ca.pem", "etcd-member-key.pem", "etcd-member.pem", "kube-bundle.certs"]


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    package = built_package()
    return package, next_version(package, tmp_path_factory.mktemp("later"))


def dpkg(host, *arguments):
    """Returns when the package's scripts do."""
    return host.machine.check("dpkg", *arguments, timeout=60)


def install(host, package):
    shutil.copy(package, host.machine.path("/srv/package.deb"))
    dpkg(host, "--install", "/srv/package.deb")


def version(host):
    return dpkg(host, "--status", "install-cert").split("\nVersion: ")[1].split()[0]


@contextlib.contextmanager
def reading(host):
    """What a consumer would have seen of the certificate all the while: serial numbers, and what went wrong."""
    over, seen = threading.Event(), set()
    path = host.machine.path(f"{CERTS}/etcd-member.pem")

    def read():
        while not over.is_set():
            try:
                seen.add(leaf(path).serial_number)
            except (OSError, ValueError) as failure:
                seen.add(str(failure))
    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield seen
    finally:
        over.set()
        reader.join()


@pytest.fixture
def installed(bare_host):
    bare_host.await_serving()
    return bare_host


def test_an_installation_does_not_wait_for_a_vault_that_is_sealed(bare_host, packages):
    """dpkg ends, the agent is started and enabled, and waits by itself."""
    host = bare_host
    host.bao.seal()
    host.give_token()
    host.give_ca()
    host.machine.boot()
    install(host, packages[0])
    host.await_word("sealed")
    assert host.states()[0] == "activating"
    assert host.machine.run("systemctl", "is-enabled", AGENT).stdout.strip() == "enabled"
    assert host.issued() == 0


def test_etcd_starts_behind_the_gate_once_vault_is_unsealed(bare_host):
    """With the drop-in copied from where the package ships it."""
    host = bare_host
    shutil.copytree(host.machine.path(f"/{EXAMPLES}/etcd.service.d"),
                    host.machine.path("/etc/systemd/system/etcd.service.d"))
    host.machine.systemctl("daemon-reload")
    host.machine.systemctl("reset-failed", ETCD)  # by the boot without the gate
    host.machine.systemctl("start", "--no-block", ETCD)
    host.machine.await_state(GATE, "activating")
    assert host.states() == ["activating", "activating", "inactive"]
    host.bao.unseal()
    host.await_serving()
    assert host.files() == FILES
    assert host.etcd_answers()


def test_a_boot_starts_what_the_package_enabled(installed):
    """With a new certificate, as of any boot."""
    old = installed.serial()
    installed.machine.reboot()
    installed.await_renewal(old)
    installed.await_serving()


def test_an_upgrade_keeps_certificates_and_schedule_and_restarts_the_agent_alone(installed, packages):
    """Another process of the new version, the same plan; no request, no gap, nothing done to gate and etcd."""
    plan, issued, agent = installed.health(), installed.issued(), installed.pid()
    others = installed.lives(GATE), installed.lives(ETCD)
    with reading(installed) as seen:
        install(installed, packages[1])
        until(lambda: installed.pid() not in (0, agent), 90, "the agent to be another process")
        installed.await_serving()
    assert version(installed).endswith("+later")
    assert seen == {installed.serial()}
    assert (installed.health(), installed.issued()) == (plan, issued)
    assert (installed.lives(GATE), installed.lives(ETCD)) == others
    assert "(deleted)" not in installed.machine.check("readlink", f"/proc/{installed.pid()}/exe")


def test_a_removal_leaves_what_consumers_and_a_later_agent_need(installed):
    """The agent stops; etcd, which runs and can be restarted, its files, the configuration and the state stay."""
    issued, etcd = installed.issued(), installed.lives()
    dpkg(installed, "--remove", "install-cert")
    assert installed.machine.show(AGENT, "LoadState") in ("not-found", "masked")
    assert installed.machine.run("pgrep", "--full", "install-cert").returncode != 0
    assert installed.files() == FILES
    assert installed.machine.path("/var/lib/install-cert/state.json").exists()
    assert installed.lives() == etcd
    installed.machine.systemctl("restart", ETCD)
    assert installed.etcd_answers()
    assert installed.issued() == issued


def test_an_agent_that_comes_back_goes_on_with_what_it_finds(bare_host, packages):
    """Nothing is asked for, since nothing is due in this boot."""
    serial, issued, etcd = bare_host.serial(), bare_host.issued(), bare_host.lives()
    install(bare_host, packages[1])
    bare_host.machine.await_state(AGENT, "active")
    bare_host.await_word(" next ")
    assert (bare_host.serial(), bare_host.issued(), bare_host.lives()) == (serial, issued, etcd)


def test_a_purge_takes_the_state_away_and_leaves_the_certificates(installed):
    """What was installed for consumers stays until somebody asks for its removal; the host has no failed unit."""
    etcd = installed.lives()
    dpkg(installed, "--purge", "install-cert")
    for gone in ("/var/lib/install-cert", "/run/install-cert", "/usr/bin/install-cert", f"/lib/systemd/system/{AGENT}"):
        assert not installed.machine.path(gone).exists(), gone
    assert installed.files() == FILES
    assert_set(installed.machine.path(CERTS), "etcd-member")
    assert installed.lives() == etcd
    assert installed.machine.check("systemctl", "--failed", "--no-legend", "--plain").strip() == ""
