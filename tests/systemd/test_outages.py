# SPDX-License-Identifier: Apache-2.0
"""Disks that are full or read-only for an hour of the agent's clock, which runs fast; the server counts requests."""
import collections
import contextlib
import datetime
import json
import math
import os
import shutil
import time

import pytest

import kluster
from etcd_host import AGENT
from openssl import assert_set, serial
from waiting import until

FACTOR = 120
HOUR = 3600
BUDGET = 10
CLOCK = "/usr/local/lib/fast_clock.so"
STATE = "/var/lib/install-cert"
# Certificates that each have a disk of their own, beside etcd's on the disk of the system.
FULL, NO_INODES, READ_ONLY = DISKS = ("full", "no-inodes", "read-only")


def directory(name):
    return f"/etc/etcd/{name}"


def certificate(name):
    return {"mount": "kluster/pki/etcd-member", "role": name, "method": "issue", "common_name": f"{name}.cluster.local",
            "ttl": "720h", "directory": directory(name),
            "files": {"ca": f"{name}-ca.pem", "certificate": f"{name}.pem", "key": f"{name}-key.pem"}}


class Outages:
    """A host whose agent's wall clock runs FACTOR times as fast as the true one, since now."""

    def __init__(self, host):
        self.host = host
        self.anchor = int(time.time())
        shutil.copy(os.environ["FAST_CLOCK"], host.machine.path(CLOCK))
        host.machine.write(f"/etc/systemd/system/{AGENT}.d/clock.conf",
                           f"[Service]\nEnvironment=LD_PRELOAD={CLOCK} 'FAST_CLOCK={self.anchor} {FACTOR}'\n")
        for name in DISKS:
            kluster.make_role(host.bao, "kluster/pki/etcd-member", name)
        paths = [f"kluster/pki/etcd-member/issue/{role}" for role in ("etcd-member", *DISKS)]
        host.machine.write("/etc/fstab", "".join(
            f"tmpfs {where} tmpfs mode=0755,size=512k,nr_inodes=64 0 0\n" for where in (*map(directory, DISKS), STATE)))
        host.token = kluster.make_token(host.bao, "outages", kluster.grants(*paths))
        host.values["certificates"] |= {name: certificate(name) for name in DISKS}
        host.configure(host.values)

    def now(self):
        """By the agent's clock."""
        return self.anchor + (time.time() - self.anchor) * FACTOR

    def path(self, name):
        return self.host.machine.path(directory(name))

    def serials(self):
        return {name: serial(self.path(name) / f"{name}.pem") for name in DISKS}

    def issued(self, before=math.inf):
        """The server's count for each certificate, up to that time of the agent's clock."""
        counts = dict.fromkeys(("etcd-member", *DISKS), 0)
        for entry in map(json.loads, self.host.bao.audit_log.read_text().splitlines()):
            _, _, name = entry["request"].get("path", "").rpartition("/issue/")
            if entry["type"] == "request" and name in counts and self.at(entry["time"]) < before:
                counts[name] += 1
        return counts

    def at(self, text):
        """A true time, as the audit log has it, by the agent's clock."""
        return self.anchor + (datetime.datetime.fromisoformat(text).timestamp() - self.anchor) * FACTOR

    def attempts(self, since):
        """How many times each certificate's directory was tried since then: each try announces the next one."""
        tries = {(entry["INSTALL_CERT_NAME"], entry["INSTALL_CERT_RETRY"])
                 for entry in self.host.events("destination_not_writable")[since:]}
        return collections.Counter(name for name, _ in tries)

    def ask_for_others(self, ttl):
        """What is installed is not what is wanted any more."""
        self.host.values["certificates"] = {name: {**values, "ttl": ttl}
                                            for name, values in self.host.values["certificates"].items()}
        self.host.configure(self.host.values)
        self.host.machine.systemctl("reload", AGENT)


@pytest.fixture(scope="module")
def outages(host):
    made = Outages(host)
    host.give_token()
    host.give_ca()
    host.machine.boot()
    host.await_serving()
    return made


def fill_bytes(path):
    with open(path / "filler", "wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(bytes(4096))


def fill_inodes(path):
    """But for those of a new generation's directory and its first file."""
    for number in range(os.statvfs(path).f_ffree - 2):
        (path / f"filler-{number}").touch()


def empty(path):
    for filler in path.glob("filler*"):
        filler.unlink()


def remount(how, host, names=DISKS):
    for name in names:
        host.machine.check("mount", "-o", f"remount,{how}", directory(name))


def test_an_hour_of_full_and_read_only_disks_asks_for_nothing(outages):
    """Fault 55. A disk without room for a whole set costs no request; the last sets stay."""
    host, serials, issued = outages.host, outages.serials(), outages.issued()
    etcd, told = host.lives(), len(host.events("destination_not_writable"))
    fill_bytes(outages.path(FULL))
    fill_inodes(outages.path(NO_INODES))
    remount("ro", host, [READ_ONLY])
    begin = outages.now()
    outages.ask_for_others("700h")
    until(lambda: outages.now() >= begin + HOUR, 2 * HOUR / FACTOR, "an hour of the agent's clock to pass")

    asked = {name: count - issued[name] for name, count in outages.issued(begin + HOUR).items()}
    assert asked == {"etcd-member": 1, **dict.fromkeys(DISKS, 0)}
    assert min(outages.attempts(told)[name] for name in DISKS) > BUDGET
    assert outages.serials() == serials
    for name in DISKS:
        assert_set(outages.path(name), name)
    assert host.lives() == etcd


def test_what_the_outage_held_up_follows_once_the_disks_are_mended(outages):
    """By itself."""
    serials, issued = outages.serials(), outages.issued()
    empty(outages.path(FULL))
    empty(outages.path(NO_INODES))
    remount("rw", outages.host, [READ_ONLY])
    until(lambda: not set(outages.serials().values()) & set(serials.values()), 120, "every set to be another one")
    asked = {name: count - issued[name] for name, count in outages.issued().items()}
    assert asked == {"etcd-member": 0, **dict.fromkeys(DISKS, 1)}


def test_a_budget_that_cannot_be_written_down_is_not_spent(outages):
    """Fault 90. With the state's own disk full nothing is asked for, and everything once when it is mended."""
    host, state = outages.host, outages.host.machine.path(STATE)
    serials, issued = outages.serials(), outages.issued()
    told = len(host.events("destination_not_writable"))
    remount("ro", host)
    outages.ask_for_others("690h")
    until(lambda: set(DISKS) <= set(outages.attempts(told)), 120, "every set to be wanted and to be tried")
    fill_bytes(state)
    remount("rw", host)
    told = len(host.events("destination_not_writable"))
    until(lambda: sum(outages.attempts(told).values()) > BUDGET, 120, "more tries than the budget has requests")
    assert {name: outages.issued()[name] - issued[name] for name in DISKS} == dict.fromkeys(DISKS, 0)
    empty(state)
    until(lambda: not set(outages.serials().values()) & set(serials.values()), 120, "every set to be another one")
    assert {name: outages.issued()[name] - issued[name] for name in DISKS} == dict.fromkeys(DISKS, 1)


def test_a_configuration_that_cannot_be_kept_is_taken_once_it_can_be(outages):
    """The turns after the one that was asked to take it would go back to the one before, for good."""
    host, state, serials = outages.host, outages.host.machine.path(STATE), outages.serials()
    told = len(host.events("turn_failed"))
    fill_bytes(state)
    outages.ask_for_others("680h")
    until(lambda: len(host.events("turn_failed")) > told, 60, "the journal to tell of the full disk")
    assert outages.serials() == serials
    empty(state)
    until(lambda: not set(outages.serials().values()) & set(serials.values()), 120, "every set to be another one")
