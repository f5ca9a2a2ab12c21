# SPDX-License-Identifier: Apache-2.0
"""SIGKILL between any two system calls of a turn: old set or new, the next turn recovers, no secret was open."""
import collections
import dataclasses
import os
import pathlib
import re

import pytest

from scenarios import SCENARIOS, SecrecyAudit
from traced import stops, traced
from workers import Workers, ready

MUTANTS = pathlib.Path(os.environ["MUTANTS"])
LOCK = "openat:/lock"  # nothing is written before
GENERATION = re.compile(r"\d{8}T\d{6}(Z-)[0-9a-f]{8}(?:-\d+)?")
KILLED = 128 + 9
TRIES = 3


@dataclasses.dataclass(frozen=True)
class Point:
    """The `number`-th stop, counted from a call near it: no two runs need as many calls for the request."""
    start: str
    number: int
    call: str
    entering: bool

    def __str__(self):
        return f"at the {'entry' if self.entering else 'exit'} of {self.call} ({self.start}+{self.number})"


@dataclasses.dataclass
class Trial:
    exact: bool  # killed at the call that was meant
    recoveries: int  # that were run; the other states had been met before
    verdicts: list
    faults: list


@pytest.fixture(scope="module")
def workers():
    made = Workers()
    yield made
    made.stop()


def watched_run(scenario, program=None):
    """(stops from the lock, faults) of one whole turn with a look at all files at each of them."""
    at = ready(scenario, program)
    audit = SecrecyAudit(at.place.directory)
    found = []

    def look():
        audit.look()
        found.extend(at.faults())
    outcome = traced(["--from", LOCK], at.place.command(), look)
    assert outcome.code == 0, outcome
    return audit.stops, [f"{scenario}: {fault}" for fault in dict.fromkeys(found + audit.faults())]


def recorded_run(scenario, program=None):
    """The points of a whole turn from the lock on, and what each call is."""
    at = ready(scenario, program)
    log = at.place.directory / "log"
    outcome = traced(["--log", log], at.place.command())
    assert outcome.code == 0, outcome
    return located(stops(log), at.place)


def located(seen, place):
    """[(Point, Stop)] from the lock on. Each is counted from the last call before it that names a path, which is one of
    those that name the like: generations are called anew in each run."""
    named, points, start, locked = collections.defaultdict(list), [], None, False
    for stop in seen:
        locked = locked or stop.call == "openat" and stop.path.endswith("/lock")
        if stop.entering and stop.path:
            before = named[stop.call]
            before.append(stop.path)
            text = GENERATION.sub(r"\1", stop.path).rpartition("/")[2] if GENERATION.search(stop.path) else \
                stop.path.removeprefix(str(place.root)).removeprefix(str(place.directory))
            start = f"{stop.call},{sum(text in path for path in before)}:{text}", stop.number
        if locked:
            points.append((Point(start[0], stop.number - start[1] + 1, stop.call, stop.entering), stop))
    return points


def killed_run(scenario, point, program=None):
    """Again, where it came to another call than in the recorded run."""
    trial = Trial(False, 0, [], [])
    for _ in range(TRIES):
        if trial.exact:
            break
        at = ready(scenario, program)
        before, log = at.recovered, at.place.directory / "log"
        code = traced(["--from", point.start, "--kill", point.number, "--log", log], at.place.command()).code
        met = stops(log)[-1:]
        trial.exact = code == KILLED and (met[0].call, met[0].entering) == (point.call, point.entering)
        trial.verdicts = at.verdicts()
        faults = at.faults() + at.faults_of_recovery()
        trial.faults += [f"{scenario}, killed {point}: {fault}" for fault in faults]
        trial.recoveries += at.recovered - before
    return trial


def first_change(points):
    """Where the new generation begins."""
    return next(i for i, (_, stop) in enumerate(points) if stop.call == "mkdirat" and GENERATION.search(stop.path))


def every_call(points):
    """At its entry: what the call before it did is done, and no more."""
    return [point for point, stop in points if stop.entering]


def every_call_of_publication(points):
    """And every third before, when there is nothing of a new set yet."""
    first = first_change(points)
    return every_call(points[:first])[::3] + every_call(points[first:])


def publication(points):
    """At the exit of each call that may change something."""
    return [point for point, stop in points[first_change(points):] if not stop.entering and stop.changes()]


def sweep(workers, scenario, choose, program=None):
    points = workers.begin(recorded_run, scenario, program).result()
    watching = workers.begin(watched_run, scenario, program)
    trials = workers.run(killed_run, [(scenario, point, program) for point in choose(points)])
    watched, faults = watching.result()
    return watched, trials, faults + [fault for trial in trials for fault in trial.faults]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_turn_killed_anywhere_leaves_the_old_set_or_the_new_one(workers, scenario, record_property):
    """Faults 10, 69, S2."""
    choose = every_call if scenario == "renewal" else every_call_of_publication
    watched, trials, faults = sweep(workers, scenario, choose)
    counts = collections.Counter(verdict for trial in trials for verdict in trial.verdicts)
    exact = sum(trial.exact for trial in trials)
    summary = (f"{scenario}: {watched} stops watched, killed at {len(trials)} calls ({exact} of them met again), "
               f"sets {dict(counts)}, {sum(trial.recoveries for trial in trials)} recoveries, {len(faults)} faults")
    record_property("summary", summary)
    print(summary)
    assert not faults, "\n".join(faults)
    assert exact > 0.95 * len(trials)
    assert counts["new"] and counts["old"] + counts["none"]


@pytest.mark.parametrize("mutant, scenario, symptom", [
    ("readable_at_first", "renewal", "mode 644"),
    ("three_renames", "renewal", "mixed"),
    ("acknowledged_first", "renewal", "a reload of etcd-member was lost"),
    ("litter_kept", "renewal", "litter"),
])
def test_a_mutant_is_caught(workers, mutant, scenario, symptom):
    _, _, faults = sweep(workers, scenario, publication, str(MUTANTS / mutant))
    assert [fault for fault in faults if symptom in fault], faults
    print(f"{mutant}: {len(faults)} faults")
