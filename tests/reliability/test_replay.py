# SPDX-License-Identifier: Apache-2.0
"""A real run's changes to the file system, replayed up to each point with every loss of what was not synced that
the rules of crash_states.py allow: readers find the old set or the new one, whole; what was reported is there."""
import collections
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import pwd
import random
import shutil

import pytest

from authority import Authority
from crash_states import History, lay_out, load, random_subset, subsets
from installed_set import Broken
from loop_image import enter_own_mount_namespace, pretend_unwritten
from plain_vault import PlainVault
from sets_host import PARTS, SetsHost, files_of

PROGRAM = pathlib.Path(os.environ["INSTALL_CERT"])
MUTANTS = pathlib.Path(os.environ["MUTANTS"])
NOBODY = pwd.getpwnam("nobody")
MOST = 1 << 10  # subsets of one point; beyond, single losses, and pairs of them where these are not more
SEED = 20261121
LAID_OUT = 25
STATE = "var/lib/install-cert"
KEPT = ("recorded.json", "accepted.json")


@dataclasses.dataclass(frozen=True)
class Recording:
    run: str  # first: a first publication; renewal: over an old set
    sync: str  # what the agent chooses by what others have written: files, or the file system as a whole
    sets: int = 1
    program: str = "install-cert"

    def __str__(self):
        return f"{self.run} sync-{self.sync} {self.sets}-sets {self.program}"

    def record(self, directory, vault_kit):
        """Runs the program; what it did."""
        pretend_unwritten(directory, 0 if self.sync == "everything" else 65536)
        top = directory / "disk"
        top.mkdir()
        program = PROGRAM if self.program == "install-cert" else MUTANTS / self.program
        host = SetsHost(directory, top, vault_kit, self.sets, program)
        host.noted = top / "noted.pem"  # when the consumers are told is a line of the log
        host.change_sets()
        (host.root / STATE).mkdir(0o700, parents=True)  # as systemd does
        if self.run == "renewal":
            host.run_watched("once")
            host.forget_requests()
        before, old = load(top), host.sets()
        log = directory / "log"
        host.run_watched("once" if self.run == "first" else "renew", "-l", log)
        lines = log.read_text().splitlines()
        told = next(number for number, line in enumerate(lines)
                    if line.startswith("report") or line.split("\t")[1] == str(host.noted))
        manifests = {name: (host.certs / f".{name}/current/.generation.json").read_bytes() for name in host.names}
        return Recorded(host, before, lines, told, old, host.sets(), manifests)


@dataclasses.dataclass
class Recorded:
    host: SetsHost
    before: list  # the nodes of the disk before the run
    lines: list
    told: int  # from this line on the new sets have to be there
    old: dict  # as SetsHost.sets()
    new: dict
    manifests: dict  # of the new sets

    def history(self, lines=None):
        return History(self.before, self.host.top, self.lines if lines is None else lines)

    def judge(self, nodes, length):
        """'old', 'new' or 'some'; Broken where a reader finds what he must not."""
        new = 0
        for name in self.host.names:
            found = reader_finds(nodes, name)
            # Of a first publication that was cut off there may be the first names, and the certificate's is the last.
            if found.keys() != PARTS.keys() and (self.old[name] or "certificate" in found):
                raise Broken(f"of {name} only {sorted(found)} is there")
            if found != self.old[name]:
                if any(found[part] != self.new[name][part] for part in found):
                    raise Broken(f"{name} is neither the old set nor the new one")
                new += found.keys() == PARTS.keys()
                manifest = walk(nodes, 0, ["root", "certs", f".{name}", "current", ".generation.json"])
                if nodes[manifest[-1]].content != self.manifests[name]:
                    raise Broken(f"what {name} is, is not recorded beside it")
        if length > self.told and new < len(self.host.names):
            raise Broken("the new set was reported, or a consumer told of it, and it is not there")
        kept = kept_of_state(nodes)
        if length > self.told and "recorded.json" not in kept:
            raise Broken("a consumer was told of a set that the gate knows nothing of")
        if length == len(self.lines) and "accepted.json" not in kept:
            raise Broken("the configuration was accepted, and it is not there")
        return "old" if new == 0 else "new" if new == len(self.host.names) else "some"


def walk(nodes, start, names):
    """The numbers of the nodes that a reader comes through, links followed; None where a name is missing."""
    trail, ahead = [start], list(names)
    while ahead:
        number = nodes[trail[-1]].entries.get(ahead.pop(0))
        if number is None:
            return None
        if nodes[number].kind == "link":
            ahead = nodes[number].content.decode().split("/") + ahead
        else:
            trail.append(number)
    return trail


def reader_finds(nodes, name):
    """{part: content} by the configured names. A consumer has to reach each, and to be given it as configured."""
    found = {}
    way = walk(nodes, 0, ["root", "certs"])
    for part, file_name in files_of(name).items():
        if way is None or file_name not in nodes[way[-1]].entries:
            continue
        further = walk(nodes, way[-1], [file_name])
        if further is None:
            continue  # for readers the same as no link
        file = nodes[further[-1]]
        for number in way[1:] + further[1:-1]:
            if nodes[number].mode != 0o755:
                raise Broken(f"{file_name} lies behind a directory of mode {oct(nodes[number].mode)}")
        expected = ("file", 0o600 if part in ("key", "response") else 0o644, (NOBODY.pw_uid, NOBODY.pw_gid))
        if (file.kind, file.mode, file.owner) != expected:
            raise Broken(f"{file_name} is a {file.kind} of {file.owner}, mode {oct(file.mode)}")
        found[part] = file.content
    return found


def kept_of_state(nodes):
    """The names of the files there that are not written every turn. Each must be whole."""
    found = [name for name in KEPT if walk(nodes, 0, ["root", *STATE.split("/"), name])]
    for name in found:
        content = nodes[walk(nodes, 0, ["root", *STATE.split("/"), name])[-1]].content
        try:
            json.loads(content)
        except ValueError as error:
            raise Broken(f"{name} is torn: {content[:40]}") from error
    return found


def is_seen_by_readers(change):
    return "/probe.new" not in change.path and \
        any(path in change.path for path in ("/root/certs", "/root/.install-cert", *KEPT))


def check(recorded, lines=None):
    """Counts of the states of every point by what readers find, each state at the first point that can show it."""
    history = recorded.history(lines)
    seen = collections.Counter()
    for length in range(len(history.lines) + 1):
        durable = history.durable(length)
        pending = [index for index in history.pending(length, durable) if is_seen_by_readers(history.changes[index])]
        newest = {index for index in pending if history.changes[index].position == length - 1}
        if not newest and length not in (0, recorded.told + 1, len(history.lines)):
            continue  # a sync only takes states away
        for kept in subsets(history.changes, pending, MOST):
            if length == recorded.told + 1 or not newest or newest & kept:
                seen[recorded.judge(history.state(durable | kept), length)] += 1
    return seen


RUNS = [Recording(run, sync) for run in ("first", "renewal") for sync in ("files", "everything")]
BATCHES = [Recording("renewal", sync, sets=3) for sync in ("files", "everything")]
CAUGHT = [Recording("renewal", "files", program="not_synced"), Recording("renewal", "files", program="three_renames")]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """{Recording: Recorded}; by a thread that has mounts of its own."""
    vault, authority = PlainVault(), Authority("Replay CA")
    with concurrent.futures.ThreadPoolExecutor(1, initializer=enter_own_mount_namespace) as worker:
        yield {each: worker.submit(each.record, tmp_path_factory.mktemp("replay"), (vault, authority)).result()
               for each in [*RUNS, *BATCHES, *CAUGHT]}
    vault.stop()


@pytest.fixture(scope="module")
def numbers():
    """What the tests found, for the last one to print."""
    return {}


@pytest.mark.parametrize("run", [*RUNS, *BATCHES], ids=str)
def test_after_any_loss_readers_find_the_old_set_or_the_new_one(run, recorded, numbers):
    """Fault 59."""
    numbers[run] = seen = check(recorded[run])
    assert seen["old"] > 0 and seen["new"] > 0


@pytest.mark.parametrize("run", CAUGHT, ids=str)
def test_a_program_with_a_bug_is_caught(run, recorded):
    with pytest.raises(Broken):
        check(recorded[run])


@pytest.mark.parametrize("run", [run for run in RUNS if run.sync == "files"], ids=str)
def test_every_sync_is_needed(run, recorded, numbers):
    """Each left out in turn: the gate sees it."""
    record = recorded[run]
    syncs = [number for number, line in enumerate(record.lines) if line.startswith("fsync")]
    unseen = [number for number in syncs if not is_caught(record, number)]
    numbers[f"{run}, one sync left out"] = f"{len(syncs) - len(unseen)} of {len(syncs)} caught"
    # A renewal changes nothing in the directory of the configured names.
    needless = [str(record.host.certs)] if run.run == "renewal" else []
    assert [record.lines[number].split("\t")[1] for number in unseen] == needless


def is_caught(recorded, number):
    """Whether the gate sees that this line of the log is not done: another, which changes nothing, is in its place."""
    try:
        check(recorded, [*recorded.lines[:number], "report\t", *recorded.lines[number + 1:]])
    except Broken:
        return True
    return False


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_the_next_run_repairs_what_a_cut_left(run, recorded, numbers):
    """On a real disk, with whatever state files it left; the states are drawn at random."""
    record, draw = recorded[run], random.Random(SEED)
    history = record.history()
    for _ in range(LAID_OUT):
        length = draw.randrange(len(record.lines) + 1)
        durable = history.durable(length)
        kept = random_subset(history.changes, history.pending(length, durable), draw)
        shutil.rmtree(record.host.top)
        record.host.top.mkdir()
        lay_out(history.state(durable | kept), record.host.top)
        record.host.root.mkdir(exist_ok=True)
        outcome = record.host.once()
        assert outcome.code == 0, (SEED, length, kept, outcome)
        nodes = load(record.host.top)
        assert all(reader_finds(nodes, name).keys() == PARTS.keys() for name in record.host.names), (SEED, length, kept)
        record.host.sets()
    numbers[f"{run}: laid out"] = LAID_OUT


def test_the_numbers(recorded, numbers, capsys):
    with capsys.disabled():
        for title, found in numbers.items():
            print(f"\nreplay: {title}: {dict(found) if isinstance(found, dict) else found}", end="")
