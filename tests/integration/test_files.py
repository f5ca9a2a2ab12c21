# SPDX-License-Identifier: Apache-2.0
"""Destinations that cannot be written: found before anything is asked of the server, and nothing is lost."""
import contextlib
import os
import re
import subprocess

import pytest

from host import snapshot
from openssl import assert_set


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


@contextlib.contextmanager
def mounted(path, *arguments):
    path.mkdir(parents=True, exist_ok=True)
    run("mount", *arguments, str(path))
    try:
        yield
    finally:
        run("umount", str(path))


@contextlib.contextmanager
def full(host):
    """A file system with no room left."""
    filler = host.certs / "filler"
    with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass
    yield
    filler.unlink()


@contextlib.contextmanager
def out_of_inodes(host):
    made = []
    with contextlib.suppress(OSError):
        for number in range(10_000):
            path = host.certs / f"filler-{number}"
            path.touch(exist_ok=False)
            made.append(path)
    yield
    for path in made:
        path.unlink()


@contextlib.contextmanager
def read_only(host):
    run("mount", "-o", "remount,ro", str(host.certs))
    yield
    run("mount", "-o", "remount,rw", str(host.certs))


FAULTS = [
    ("full", full, 73, "No space left"),
    ("out of inodes", out_of_inodes, 73, "No space left"),
    ("read-only", read_only, 73, "Read-only file system"),
]


@pytest.fixture
def requests(bao):
    return lambda: len(bao.requests("/issue/", "/sign/"))


@pytest.mark.parametrize("fault, code, message", [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_a_file_system_that_takes_nothing(etcd_host, requests, fault, code, message):
    """Faults 55, 56."""
    with mounted(etcd_host.certs, "-t", "tmpfs", "-o", "size=96k,nr_inodes=64", "tmpfs"):
        etcd_host.install()
        with fault(etcd_host):
            before, asked = snapshot(etcd_host.certs), requests()
            outcome = etcd_host.renew("--timeout", "5s")
            assert snapshot(etcd_host.certs) == before
            assert outcome.code == code, outcome
            assert message in outcome.err and "/etc/etcd/certs" in outcome.err, outcome
            assert requests() == asked
        assert_set(etcd_host.certs, "etcd-member")
        assert etcd_host.renew().code == 0
        assert_set(etcd_host.certs, "etcd-member")


def directory_at_a_name(host):
    (host.certs / "etcd-member.pem").mkdir(parents=True)


def link_at_a_name(host):
    victim = host.inputs / "victim"
    victim.write_text("untouched")
    host.certs.mkdir(parents=True)
    (host.certs / "etcd-member-key.pem").symlink_to(victim)


def link_for_the_hidden_directory(host):
    elsewhere = host.inputs / "elsewhere"
    elsewhere.mkdir()
    host.certs.mkdir(parents=True)
    (host.certs / ".etcd-member").symlink_to(elsewhere)


def foreign_link_among_the_parents(host):
    elsewhere = host.inputs / "elsewhere"
    elsewhere.mkdir()
    host.certs.parent.mkdir(parents=True)
    host.certs.symlink_to(elsewhere)
    os.lchown(host.certs, 65534, 65534)


def file_among_the_parents(host):
    host.certs.parent.parent.mkdir(parents=True)
    host.certs.parent.write_text("in the way")


HOSTILE = [
    ("a directory at one of our names", directory_at_a_name, "etcd-member.pem"),
    ("a link to a foreign file at one of our names", link_at_a_name, "etcd-member-key.pem"),
    ("a link in place of the hidden directory", link_for_the_hidden_directory, ".etcd-member"),
    ("another user's link among the parents", foreign_link_among_the_parents, "certs"),
    ("a file among the parents", file_among_the_parents, "etc/etcd"),
]


@pytest.mark.parametrize("trap, message", [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_what_lies_in_the_way_is_refused_and_not_touched(etcd_host, requests, trap, message):
    """Faults 56, 60, 62."""
    trap(etcd_host)
    before = snapshot(etcd_host.root), snapshot(etcd_host.inputs)
    asked = requests()
    outcome = etcd_host.once()
    assert outcome.code == 73, outcome
    assert message in outcome.err, outcome
    assert requests() == asked
    assert snapshot(etcd_host.inputs) == before[1]
    theirs = {path: facts for path, facts in snapshot(etcd_host.root).items() if path in before[0]}
    assert theirs == before[0]


def test_a_link_of_roots_among_the_parents_is_followed(etcd_host):
    disk = etcd_host.root / "data"
    disk.mkdir()
    etcd_host.certs.parent.mkdir(parents=True)
    # As it will be once the image runs: below --root.
    etcd_host.certs.symlink_to("/data")
    etcd_host.install()
    assert_set(disk, "etcd-member")


def test_a_regular_file_at_one_of_our_names_is_adopted_and_kept_aside(etcd_host):
    """Fault 62."""
    etcd_host.certs.mkdir(parents=True)
    (etcd_host.certs / "etcd-member.pem").write_text("made by hand")
    etcd_host.install()
    assert_set(etcd_host.certs, "etcd-member")
    kept = [path for path in (etcd_host.certs / ".etcd-member").rglob("*")
            if path.is_file() and path.read_bytes() == b"made by hand"]
    assert len(kept) == 1


def test_a_missing_user_stops_before_anything_is_asked(etcd_host, requests):
    """Fault 63."""
    etcd_host.change(certificates={"etcd-member": {"owner": "nobody-of-that-name"}})
    asked = requests()
    outcome = etcd_host.once()
    assert outcome.code == 78, outcome
    assert re.search(r"config\.yaml:\d+:\d+: .*nobody-of-that-name", outcome.err), outcome
    assert requests() == asked
    assert snapshot(etcd_host.root) == {}


def test_two_turns_at_once_are_one_turn_and_a_refusal(etcd_host, scripted):
    """Fault 71."""
    etcd_host.change(vault={**etcd_host.values["vault"], "address": scripted.address, "ca_cert": str(scripted.ca_file)})
    entered, release = scripted.hold()
    first = etcd_host.start("once", "--timeout", "20s")
    assert entered(20)
    second = etcd_host.once("--timeout", "1s")
    release()
    first.communicate(timeout=30)
    assert second.code == 75 and str(first.pid) in second.err, second
