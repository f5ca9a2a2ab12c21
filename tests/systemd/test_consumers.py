# SPDX-License-Identifier: Apache-2.0
"""Consumers that misbehave: what they are owed is on disk, is paid when they are mended, and costs no certificate."""
from etcd_host import CERTS
from openssl import assert_set
from waiting import until

SCRIPT = "/usr/local/bin/after-renewal"
CONSUMERS = [{"command": [SCRIPT], "timeout": "2s"}, {"unit": "hanging.service", "timeout": "2s"},
             {"unit": "failing.service"}, {"unit": "missing.service"},
             # Outside of the agent's sandbox, which could not write there.
             {"command": ["/bin/touch", "/srv/renewed"]}]
OWED = [f"command {SCRIPT}", "unit failing.service", "unit hanging.service"]
HANGS = "/bin/sleep 86399"
SERVICE = "[Service]\nExecStart=/bin/sleep infinity\nExecReload={}\nTimeoutStartSec=3s\n"


def write_script(host, line):
    host.machine.write(SCRIPT, f"#!/bin/sh\n{line}\n", 0o755)


def write_services(host, **reloads):
    for name, reload in reloads.items():
        host.machine.write(f"/etc/systemd/system/{name}.service", SERVICE.format(reload))
    host.machine.systemctl("daemon-reload")
    host.machine.systemctl("start", *(f"{name}.service" for name in reloads))


def owed(host):
    return sorted(host.health()["etcd-member"]["reloads_owed"])


def failures(host):
    """How often each consumer failed, by the journal."""
    told = [entry["INSTALL_CERT_CONSUMER"] for entry in host.events("reload_failed")]
    return {consumer: told.count(consumer) for consumer in OWED}


def test_consumers_that_hang_fail_or_are_missing_stop_nobody_else(serving):
    """Faults 78, 79, 80. Each has its deadline, what it started is killed, the others are reloaded, and the
    new certificate stays."""
    old, etcd = serving.serial(), serving.lives()
    # The background process would outlive its parent's death.
    write_script(serving, f"{HANGS} & {HANGS}")
    write_services(serving, hanging=HANGS, failing="/bin/false")
    serving.want({"consumers": CONSUMERS, "ttl": "700h"})
    serving.await_renewal(old)
    until(lambda: serving.machine.path("/srv/renewed").exists(), 90, "the last consumer's turn")
    serving.await_word("is owed a reload")
    assert owed(serving) == OWED
    assert_set(serving.machine.path(CERTS), "etcd-member")
    until(lambda: serving.machine.run("pgrep", "-f", HANGS).returncode != 0, 30, "all that hung to be dead")
    warned = [entry for entry in serving.events("remark") if "missing.service" in entry["MESSAGE"]]
    assert [entry["PRIORITY"] for entry in warned] == ["4"]
    assert serving.lives() == etcd


def test_a_debt_is_kept_over_a_restart_and_tried_again_without_another_certificate(serving):
    """Fault 10. The first turn of the next life tries again, and the turns after it, with no request to Vault."""
    before, serial, issued = failures(serving), serving.serial(), serving.issued()
    serving.machine.check("kill", "-KILL", str(serving.pid()))
    until(lambda: all(failures(serving)[consumer] > before[consumer] for consumer in OWED), 90, "another try of each")
    assert owed(serving) == OWED
    assert (serving.serial(), serving.issued()) == (serial, issued)


def test_a_mended_consumer_is_paid_by_the_next_try(serving):
    """Nobody has to ask, and nothing is asked of Vault."""
    serial, issued, etcd = serving.serial(), serving.issued(), serving.lives()
    write_script(serving, "exit 0")
    write_services(serving, hanging="/bin/true", failing="/bin/true")
    until(lambda: not owed(serving), 310, "every reload to be paid")  # the longest wait between two tries, and a turn
    # Each is written down as it is paid, and told of when the turn is over.
    until(lambda: set(OWED) <= {entry["INSTALL_CERT_CONSUMER"] for entry in serving.events("reload_paid")}, 60,
          "the journal to tell of each")
    assert (serving.serial(), serving.issued(), serving.lives()) == (serial, issued, etcd)
    assert serving.machine.run("install-cert", "status").returncode == 0
