# SPDX-License-Identifier: Apache-2.0
"""SIGKILL between any two system calls of a turn: old set or new, the next turn recovers, no secret was open."""
import collections
import dataclasses
import os
import pathlib

import pytest

from scenarios import SCENARIOS, SecrecyAudit
from traced import stops, traced
from workers import Workers, stage

MUTANTS = pathlib.Path(os.environ["MUTANTS"])
# Where stops are counted from, since no two runs need the same number of calls for the request (nothing is written
# meanwhile), nor for what is synced (it depends on the machine's unwritten bytes).
LOCK = "openat:/lock"
GENERATION = "mkdirat:Z-"
GRACE = "clock_nanosleep:"
KILLED = 128 + 9


@dataclasses.dataclass
class Trial:
    killed: bool
    verdicts: list
    faults: list


@pytest.fixture(scope="module")
def workers():
    made = Workers()
    yield made
    made.stop()


def watched_run(scenario, program=None):
    """(stops from the lock, faults) of one whole turn with a look at all files at each of them."""
    at = stage(scenario, program)
    at.reset()
    audit = SecrecyAudit(at.place.directory)
    found = []

    def look():
        audit.look()
        found.extend(at.faults())
    log = at.place.directory / "log"
    outcome = traced(["--from", LOCK, "--log", log], at.place.command(), look)
    assert outcome.code == 0, outcome
    return stops(log), [f"{scenario}: {fault}" for fault in dict.fromkeys(found + audit.faults())]


def killed_run(scenario, start, stop, program=None):
    at = stage(scenario, program)
    at.reset()
    code = traced(["--from", start, "--kill", stop.number], at.place.command()).code
    verdicts = at.verdicts()
    faults = at.faults() + at.faults_of_recovery()
    where = f"{scenario}, killed at the {'entry' if stop.entering else 'exit'} of {stop.call} ({start}+{stop.number})"
    return Trial(code == KILLED, verdicts, [f"{where}: {fault}" for fault in faults])


def parted(seen):
    """What comes before the request, within it, from the first publication on, and after the grace."""
    def first(matches):
        return next((i for i, stop in enumerate(seen) if matches(stop)), len(seen))
    request = first(lambda stop: "libcurl" in stop.path)
    generation = first(lambda stop: stop.call == "mkdirat" and "Z-" in stop.path)
    grace = first(lambda stop: stop.call == "clock_nanosleep")
    return [(start, [dataclasses.replace(stop, number=stop.number - part[0].number + 1) for stop in part])
            for start, part in ((LOCK, seen[:request]), (GENERATION, seen[generation:grace]), (GRACE, seen[grace:]))
            if part] + [(LOCK, seen[request:generation])]


def every_call(seen):
    """At the entry of each call from the publication on: what the one before it did is done, and no more. Before, when
    nothing of the new set is there yet, every third; a few within the request."""
    *parts, (lock, request) = parted(seen)
    points = [(start, stop) for start, part in parts for stop in part if stop.entering]
    before = [point for point in points if point[0] == LOCK]
    return [point for point in points if point[0] != LOCK] + before[::3] + [(lock, stop) for stop in request[::40]]


def every_change(seen):
    """At the exit of each call that may change something."""
    return [(start, stop) for start, part in parted(seen)[:-1] for stop in part if not stop.entering and stop.changes()]


def publication(seen):
    return [(start, stop) for start, stop in every_change(seen) if start != LOCK]


def sweep(workers, scenario, points, program=None):
    seen, faults = workers.run(watched_run, [(scenario, program)])[0]
    chosen = points(seen)
    trials = workers.run(killed_run, [(scenario, start, stop, program) for start, stop in chosen])
    faults += [fault for trial in trials for fault in trial.faults]
    return seen, trials, faults


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_turn_killed_anywhere_leaves_the_old_set_or_the_new_one(workers, scenario, record_property):
    """Faults 10, 69."""
    seen, trials, faults = sweep(workers, scenario, every_call if scenario == "renewal" else every_change)
    counts = collections.Counter(verdict for trial in trials for verdict in trial.verdicts)
    summary = (f"{scenario}: {len(seen)} stops watched, {len(trials)} kill points "
               f"({sum(trial.killed for trial in trials)} reached), sets {dict(counts)}, {len(faults)} faults")
    record_property("summary", summary)
    print(summary)
    assert not faults, "\n".join(faults)
    assert sum(trial.killed for trial in trials) > 0.9 * len(trials)
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
