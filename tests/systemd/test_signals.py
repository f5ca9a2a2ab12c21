# SPDX-License-Identifier: Apache-2.0
"""What an operator does to the running daemon: storms of signals, `renew`, a directory of his own, a broken
configuration."""
import re

from etcd_host import AGENT, EXAMPLES
from openssl import assert_set
from waiting import until


def test_a_storm_of_signals_makes_two_turns_at_most(serving):
    """Fault 100. 1000 times SIGUSR1: at most the turn that runs and one more ask for a certificate."""
    before = serving.issued()
    storm = f"i=0; while [ $i -lt 1000 ]; do kill -USR1 {serving.pid()}; i=$((i+1)); done"
    serving.machine.check("sh", "-c", storm)
    # Its turn comes after theirs.
    serving.machine.check("install-cert", "renew", "--wait", timeout=90)
    assert 2 <= serving.issued() - before <= 3


def test_renew_waits_for_the_daemon_and_hands_on_its_result(serving):
    """Exit code 0 comes after the new certificate, 64 for a name that nobody knows."""
    old = serving.serial()
    done = serving.machine.run("install-cert", "renew", "--wait", "etcd-member", timeout=90)
    assert (done.returncode, serving.serial() != old) == (0, True), done
    assert serving.machine.run("install-cert", "renew", "--wait", "etcd-membre").returncode == 64


def test_a_directory_of_ones_own_is_opened_as_the_error_and_the_shipped_drop_in_say(serving):
    """The sandbox opens those of the shipped roles alone. Nothing is asked for a set that it keeps out."""
    drop_in = "install_cert.service.d/20-other-directories.conf"
    opens = "ReadWritePaths=-/srv/tls"
    issued = serving.issued()
    serving.machine.check("mkdir", "/srv/tls")
    serving.configure({**serving.values, "certificates": {**serving.values["certificates"], "web": {
        "mount": "kluster/pki/etcd-member", "role": "etcd-member", "method": "issue", "common_name": "web.cluster.local",
        "directory": "/srv/tls", "files": {"ca": "web-ca.pem", "certificate": "web.pem", "key": "web-key.pem"}}}})
    serving.machine.systemctl("reload", AGENT)
    told = until(lambda: serving.events("destination_not_writable"), 60, "the journal to tell of the closed directory")
    assert (told[0]["INSTALL_CERT_NAME"], told[0]["INSTALL_CERT_PATH"]) == ("web", "/srv/tls")
    assert told[0]["INSTALL_CERT_WAY_OUT"].endswith(f"and add below [Service]: {opens} (then restart it)")
    assert opens in serving.machine.run("install-cert", "check").stdout
    assert serving.issued() == issued

    shipped = serving.machine.path(f"{EXAMPLES}/{drop_in}").read_text()
    serving.machine.write(f"/etc/systemd/system/{drop_in}", re.sub("(?m)^ReadWritePaths=.*$", opens, shipped))
    serving.machine.systemctl("daemon-reload")
    serving.machine.systemctl("restart", AGENT)
    assert_set(serving.machine.path("/srv/tls"), "web")
    assert serving.states() == ["active"] * 3
    serving.configure(serving.values)
    serving.machine.systemctl("reload", AGENT)


def test_a_broken_configuration_is_reported_and_the_running_one_kept(serving):
    """Fault 98. At SIGHUP the agent goes on; at a start it fails for good, and neither reaches a consumer."""
    etcd = serving.lives()
    serving.want(renewel={})
    until(lambda: "renewel" in str(serving.machine.journal(AGENT)), 60, "the journal to name the unknown key")
    serving.machine.check("install-cert", "renew", "--wait", timeout=90)
    assert serving.states() == ["active"] * 3

    assert serving.machine.run("systemctl", "restart", AGENT).returncode != 0
    assert serving.machine.show(AGENT, "ExecMainStatus") == "78"
    assert serving.machine.show(AGENT, "NRestarts") == "0"
    assert serving.states() == ["failed", "active", "active"]
    assert serving.lives() == etcd

    serving.configure(serving.values)
    serving.machine.systemctl("restart", AGENT)
    assert serving.states() == ["active"] * 3
