# SPDX-License-Identifier: Apache-2.0
"""A user without privileges swaps directories and plants links while root installs, renews and collects: nothing
outside of the sets is touched, and no key that is not his opens."""
import collections
import contextlib
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import time

import pytest

from authority import Authority
from host import snapshot
from plain_vault import PlainVault
from sets_host import PARTS, SetsHost

ATTACKER = os.environ["PATH_ATTACKER"]
PROGRAM = pathlib.Path(os.environ["INSTALL_CERT"])
MUTANTS = pathlib.Path(os.environ["MUTANTS"])
NOBODY = pwd.getpwnam("nobody").pw_uid
SECONDS = 3.5
OLD = "20200101T000000Z-deadbeef"

# Where the product lets a user write: beside the names of a set whose owner or group he is, one level higher, or in a
# directory with the sticky bit. `swapped` below `where` changes places with links and directories of his.
Ground = collections.namedtuple("Ground", "title owner group where swapped uid gid mode keys_are_his")
GROUNDS = [
    Ground("the owner's directory", "nobody", "nogroup", "certs", ".set0", NOBODY, NOBODY, 0o755, True),
    Ground("the owner's parent directory", "nobody", "nogroup", ".", "certs", NOBODY, NOBODY, 0o755, True),
    Ground("the group's directory", "root", "nogroup", "certs", ".set0", 0, NOBODY, 0o775, False),
    Ground("a sticky directory", "root", "root", "certs", ".set0", 0, 0, 0o1777, False),
]
REFUSED = [
    ("another user's directory", NOBODY, 0, 0o755),
    ("a directory that others may write in", 0, 0, 0o777),
    ("another group's directory", 0, NOBODY, 0o775),
]
naming = {"ids": lambda row: row[0].replace(" ", "-")}


@pytest.fixture(scope="module")
def vault_kit():
    vault = PlainVault()
    yield vault, Authority("Attacked CA")
    vault.stop()


@pytest.fixture
def arena(vault_kit):
    """Where the attacker may pass: pytest's own directories are closed to him."""
    directory = pathlib.Path(subprocess.check_output(["mktemp", "-d", "/tmp/install-cert-XXXXXX"], text=True).strip())
    directory.chmod(0o755)
    yield Arena(directory, vault_kit)
    shutil.rmtree(directory, ignore_errors=True)  # the removal of a superseded set may still be at work


class Arena:
    def __init__(self, directory, vault_kit):
        self.directory, self.vault_kit = directory, vault_kit
        self.victims = directory / "victims"
        self.shared = self.victims / "shared"

    def host(self, owner, group, program=PROGRAM):
        (self.directory / "disk").mkdir()
        host = SetsHost(self.directory, self.directory / "disk", self.vault_kit, program=program)
        certificate = {**host.certificate("set0"), "owner": owner, "group": group, "consumers": []}
        certificate["directory"] = "/srv/certs"
        host.certs = host.root / "srv/certs"
        host.certs.mkdir(parents=True)
        host.change(certificates={"set0": certificate})
        return host

    def lay_out_victims(self):
        """Root's: files, and a directory that would pass for a home, with all that is removed from one."""
        home = self.victims / "certs/.set0"
        (home / OLD).mkdir(parents=True)
        (home / "adopted").mkdir()
        (home / "current").symlink_to(OLD)
        for name in ("probe.new", "current.new", "link.new", "copy.new", f"{OLD}/set0-key.pem", "adopted/set0.pem",
                     "../set0-key.pem", "../set0.pem"):
            (home / name).write_text("of root's\n")
        for name, mode in (("secret", 0o600), ("public", 0o644), ("shared", 0o666)):
            (self.victims / name).write_text(f"{name} of root's\n")
            (self.victims / name).chmod(mode)
        return self.look()

    def look(self):
        links = {str(path): path.lstat().st_nlink for path in self.victims.rglob("*")}
        return snapshot(self.victims), links

    @contextlib.contextmanager
    def attacker(self, host, ground):
        """At work for as long as the context is; yields what it counts, once it is over."""
        target = self.victims / "certs/.set0" if ground.swapped == ".set0" else self.victims / "certs"
        counts = {}
        process = subprocess.Popen([ATTACKER, host.root / "srv" / ground.where, ground.swapped, target, self.shared, "set0"],
                                   stdout=subprocess.PIPE, text=True)
        try:
            yield counts
        finally:
            process.terminate()
            out, _ = process.communicate(timeout=20)
            counts.update((word, int(number)) for word, number in re.findall(r"(\w+) (\d+)", out))

    def clean_up_after_him(self, host):
        """Takes away what is his, and root's file by its other names."""
        subprocess.run(["find", host.root / "srv", "-depth", "(", "-name", "decoy-*", "-o", "-not", "-type", "d", "(",
                        "-user", "nobody", "-o", "-samefile", self.shared, ")", ")", "-exec", "rm", "-rf", "{}", "+"],
                       check=True)


def attack(arena, ground, program=PROGRAM, stop=lambda: False):
    """(the host, exit codes of the runs, what the attacker counts)."""
    host = arena.host(ground.owner, ground.group, program)
    ground_directory = host.root / "srv" / ground.where
    assert host.renew().code == 0
    os.chown(ground_directory, ground.uid, ground.gid)
    ground_directory.chmod(ground.mode)
    codes = collections.Counter()
    with arena.attacker(host, ground) as counts:
        end = time.monotonic() + SECONDS
        while (time.monotonic() < end or codes.total() < 6) and not stop():
            for verb in ("renew", "renew", "once"):
                host.forget_requests()
                codes[host.run(verb).code] += 1
    return host, codes, counts


@pytest.mark.parametrize("ground", GROUNDS, **naming)
def test_no_race_leads_root_astray(ground, arena, capsys):
    """Faults 60, S3, S4."""
    before = arena.lay_out_victims()
    host, codes, counts = attack(arena, ground)
    arena.clean_up_after_him(host)
    assert arena.look() == before
    assert codes.keys() <= {0, 73, 74}, codes
    assert counts["rounds"] > 1000 and (counts["swaps"] > 0 or ground.mode & 0o1000), counts
    assert ground.keys_are_his or counts["keys"] == 0, counts
    # Left alone, it goes on as before.
    host.forget_requests()
    outcome = host.run("renew")
    assert outcome.code == 0, outcome
    assert host.sets()["set0"].keys() == PARTS.keys()
    with capsys.disabled():
        print(f"\npath attacks: {ground.title}: runs by exit code {dict(codes)}, attacker {counts}", end="")


@pytest.mark.parametrize("title, uid, gid, mode", REFUSED, ids=[row[0].replace(" ", "-") for row in REFUSED])
def test_where_strangers_may_write_nothing_is_written(title, uid, gid, mode, arena):
    """Fault 61."""
    host = arena.host("root", "root")
    os.chown(host.certs, uid, gid)
    host.certs.chmod(mode)
    outcome = host.run("once")
    assert outcome.code == 73 and str(host.certs) in outcome.err, (title, outcome)
    assert list(host.certs.iterdir()) == []


def test_a_home_that_a_stranger_made_first_is_refused(arena):
    """Faults 61, S4."""
    host = arena.host("root", "root")
    host.certs.chmod(0o1777)
    (host.certs / ".set0").mkdir()
    os.chown(host.certs / ".set0", NOBODY, NOBODY)
    before = snapshot(host.certs)
    outcome = host.run("once")
    assert outcome.code == 73 and f"belongs to uid {NOBODY}" in outcome.err, outcome
    assert snapshot(host.certs) == before


def test_a_program_that_follows_links_is_caught(arena):
    before = arena.lay_out_victims()
    attack(arena, GROUNDS[0], MUTANTS / "naive_open", stop=lambda: arena.look()[0] != before[0])
    assert arena.look()[0] != before[0]


def test_what_the_kernel_forbids_by_itself_is_known(capsys):
    settings = {name: pathlib.Path(f"/proc/sys/fs/{name}").read_text().strip()
                for name in ("protected_symlinks", "protected_hardlinks", "protected_regular")}
    assert all(value.isdigit() for value in settings.values())
    with capsys.disabled():
        print(f"\npath attacks: on a kernel with {settings}", end="")
