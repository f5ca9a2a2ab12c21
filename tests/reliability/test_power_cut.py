# SPDX-License-Identifier: Apache-2.0
"""The power fails at every change that a run makes to a file system: ext4 and xfs, shut down without flushing
their logs, and mounted again. Readers find the old set or the new one, whole; what was reported is there."""
import collections
import concurrent.futures
import contextlib
import dataclasses
import itertools
import os
import pathlib
import shutil

import pytest

from authority import Authority
from installed_set import Broken
from loop_image import LoopImage, enter_own_mount_namespace, pretend_unwritten, sync_file_system
from plain_vault import PlainVault
from sets_host import SetsHost

PROGRAM = pathlib.Path(os.environ["INSTALL_CERT"])
MUTANTS = pathlib.Path(os.environ["MUTANTS"])
MEGABYTES = {"ext4": 32, "xfs": 300}


class Station(SetsHost):
    """A host whose every file lies on one image. The inputs, the server and what the consumer notes lie elsewhere."""

    def __init__(self, directory, sweep, vault_kit, program):
        directory.mkdir()
        self.image = LoopImage(sweep.kind, MEGABYTES[sweep.kind], directory / "image")
        super().__init__(directory, self.image.top, vault_kit, sweep.sets, program)

    def forget(self):
        """Nothing is installed."""
        shutil.rmtree(self.root)
        self.root.mkdir()
        sync_file_system(self.top)

    def settle(self):
        """The sets on disk are old ones, and no cut left litter."""
        self.forget_requests()
        for name in self.names:
            home = self.certs / f".{name}"
            current = os.readlink(home / "current")
            for generation in home.glob("2*"):
                if generation.name != current:
                    shutil.rmtree(generation)
        sync_file_system(self.top)


def certificates(sets):
    return {name: found.get("certificate") for name, found in sets.items()}


def judge(station, run, old):
    """After the power came back. How many of the sets are new."""
    found = station.sets()
    new = 0
    for name in station.names:
        seen = found[name].get("certificate")
        # A first publication that was cut off may show its first names already.
        allowed = [old[name], station.issued.get(name)]
        if seen not in allowed:
            raise Broken(f"{name} is neither the old nor the new set")
        new += seen != old[name]
    if (run.report >= 0 or run.status == 0) and new != len(station.names):
        raise Broken("what was reported is not there")
    if station.noted.exists() and station.noted.read_bytes() != found[station.names[-1]].get("certificate"):
        raise Broken("what the consumer was given is not there")
    return new


def cut_once(station, point, sweep):
    """(the run, how many sets are new) for one cut."""
    old = certificates(station.sets())
    station.noted.unlink(missing_ok=True)
    station.issued.clear()
    beside = ["-n", station.top / "neighbour"] if sweep.beside == "neighbour" else []
    run = station.run_watched("once" if sweep.run == "first" else "renew", "-c", str(point), *beside)
    station.image.remount()
    return run, judge(station, run, old)


@dataclasses.dataclass(frozen=True)
class Sweep:
    """Cuts at every `stride`-th point of one kind of run."""
    kind: str
    run: str  # first: a first publication; renewal: over an old set
    sync: str  # what the agent chooses by what others have written: files, or the file system as a whole
    beside: str = "neighbour"  # neighbour: a file of another program is fsynced at the last instant; nobody
    sets: int = 1
    stride: int = 1
    program: str = "install-cert"

    def __str__(self):
        return " ".join([self.kind, self.run, f"sync-{self.sync}", self.beside, f"{self.sets}-sets"])

    def play(self, directory, vault_kit):
        """Counts of the states that were seen: `old`, `new` and, in a batch, `some`."""
        pretend_unwritten(directory, 0 if self.sync == "everything" else 65536)
        program = PROGRAM if self.program == "install-cert" else MUTANTS / self.program
        station = Station(directory / "station", self, vault_kit, program)
        try:
            station.run_watched("once")
            return self.cut_everywhere(station)
        finally:
            station.image.remove()

    def points(self, station):
        """All, or every `stride`-th. In a batch some before the first set is swapped, some while they are swapped one
        after the other, and some behind."""
        if self.sets == 1:
            return itertools.count(0, self.stride)
        station.settle()
        log = station.top.with_name("log")
        run = station.run_watched("renew", "-l", log)
        swaps = [number for number, line in enumerate(log.read_text().splitlines(), 1)
                 if line.startswith("rename") and line.endswith("/current")]
        return [swaps[0] // 3, swaps[0] * 2 // 3, swaps[0] - 1, swaps[0], *swaps[7::8], run.report - 1, run.report,
                (run.report + run.points) // 2]

    def cut_everywhere(self, station):
        seen = collections.Counter()
        for point in self.points(station):
            if self.run == "first":
                station.forget()
            else:
                station.settle()
            run, new = cut_once(station, point, self)
            if not run.is_cut:
                break
            seen["old" if new == 0 else "new" if new == self.sets else "some"] += 1
            station.recover()
        return seen


# A neighbour's fsync commits what was not asked for, which is what finds a missing one: all points, both ways of
# syncing. Without it the old state is nearly always what comes back.
WHOLE = [Sweep(kind, run, sync) for kind in MEGABYTES for run in ("first", "renewal") for sync in ("files", "everything")]
QUIET = [Sweep(kind, run, sync, beside="nobody") for kind in MEGABYTES
         for run, sync in (("first", "everything"), ("renewal", "files"))]
BATCHES = [Sweep(kind, "renewal", sync, sets=40) for kind in MEGABYTES for sync in ("files", "everything")]
CAUGHT = [Sweep(kind, "renewal", "files", stride=2, program="not_synced") for kind in MEGABYTES]


@pytest.fixture(scope="module")
def outcomes(request, tmp_path_factory):
    """{Sweep: Future} of the selected tests; the images are worked on side by side, each by a thread with mounts of
    its own."""
    selected = [item.callspec.params["sweep"] for item in request.session.items if hasattr(item, "callspec")]
    workers = {kind: concurrent.futures.ThreadPoolExecutor(1, initializer=enter_own_mount_namespace)
               for kind in MEGABYTES}
    futures = {}
    with contextlib.ExitStack() as stack:
        for kind, worker in workers.items():
            stack.callback(worker.shutdown, cancel_futures=True)
            directory = tmp_path_factory.mktemp(kind)
            authority = Authority(kind)
            vault = PlainVault()
            stack.callback(vault.stop)
            for number, sweep in enumerate(selected):
                if sweep.kind == kind:
                    own = directory / str(number)
                    own.mkdir()
                    futures[sweep] = worker.submit(sweep.play, own, (vault, authority))
        yield futures


@pytest.mark.parametrize("sweep", [*WHOLE, *QUIET], ids=str)
def test_after_any_power_cut_readers_find_the_old_set_or_the_new_one(sweep, outcomes):
    """Fault 59."""
    seen = outcomes[sweep].result()
    assert seen["old"] > 0 and seen["new"] > 0, "the cuts missed the publication"


@pytest.mark.parametrize("sweep", BATCHES, ids=str)
def test_in_a_large_batch_each_set_is_the_old_one_or_the_new_one(sweep, outcomes):
    """Fault 59."""
    seen = outcomes[sweep].result()
    assert all(seen[kind] > 0 for kind in ("old", "some", "new"))


@pytest.mark.parametrize("sweep", CAUGHT, ids=str)
def test_a_program_that_does_not_sync_is_caught(sweep, outcomes):
    with pytest.raises(Broken, match="is empty|leads nowhere|torn|not there|neither|only"):
        outcomes[sweep].result()


def test_the_numbers(outcomes, capsys):
    with capsys.disabled():
        for title, sweeps in {"one set, with a neighbour": WHOLE, "one set, alone": QUIET, "40 sets": BATCHES}.items():
            for kind in MEGABYTES:
                seen = sum((outcomes[sweep].result() for sweep in sweeps if sweep.kind == kind and sweep in outcomes),
                           collections.Counter())
                print(f"\npower cut: {kind}, {title}: {seen.total()} cuts, {dict(seen)}, 0 bad", end="")
