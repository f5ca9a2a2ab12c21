# SPDX-License-Identifier: Apache-2.0
"""Each system call of a turn fails in its turn, once and for ever: the promises hold, and the next turn recovers."""
import collections
import errno
import os
import pathlib
import re
import tempfile

import pytest

from authority import Authority
from scenarios import TOKEN, SecrecyAudit
from scripted_vault import ScriptedVault
from traced import stops, traced
from workers import Workers, here, stage

MUTANTS = pathlib.Path(os.environ["MUTANTS"])
START = "openat:/config.yaml"
ONE_BYTE = 0
DOCUMENTED = {0, 69, 73, 74, 75, 76, 77, 78}
LIBRARY = (".so", "/etc/ld.so")

DISK = ["ENOSPC", "EDQUOT", "EIO", "EROFS"]
NAMES = ["ENOSPC", "EROFS", "EPERM", "EIO"]
# What a turn asks of files, processes and the network; EINTR and short transfers where the call knows them. fcntl(2) is
# missing: what it is used for here cannot fail on an open descriptor, and libcurl counts on that.
ERRORS = {
    "openat": ["EMFILE", "EROFS", "EACCES", "ENOSPC", "EIO", "ELOOP"],
    "read": ["EIO", "EINTR", ONE_BYTE],
    "pread64": ["EIO", ONE_BYTE],
    "write": ["ENOSPC", "EDQUOT", "EIO", "EFBIG", "EINTR", ONE_BYTE],
    "pwrite64": ["ENOSPC", "EINTR", ONE_BYTE],
    "close": ["EIO", "EINTR"],
    "newfstatat": ["EIO", "EACCES", "ENOMEM"],
    "readlinkat": ["EIO", "EACCES"],
    "getdents64": ["EIO", "ENOENT"],
    "mkdir": NAMES, "mkdirat": NAMES, "symlinkat": NAMES, "rename": NAMES, "renameat": NAMES, "unlinkat": NAMES,
    "fchown": NAMES, "fchmod": NAMES, "ftruncate": ["EIO"], "fremovexattr": ["EPERM", "EIO"],
    "fsync": ["EIO", "ENOSPC"], "syncfs": ["EIO", "ENOSPC"],
    "flock": ["ENOLCK", "EINTR"],
    "socket": ["EMFILE", "EACCES", "ENOBUFS"],
    "connect": ["ECONNREFUSED", "ENETUNREACH", "ETIMEDOUT", "EINTR"],
    "recvfrom": ["ECONNRESET", "EINTR", "ETIMEDOUT", ONE_BYTE], "recvmsg": ["ECONNRESET"],
    "sendto": ["ECONNRESET", "EPIPE", "EINTR", ONE_BYTE],
    "setsockopt": ["ENOPROTOOPT"], "getsockopt": ["ENOBUFS"], "getsockname": ["ENOBUFS"], "getpeername": ["ENOTCONN"],
    "poll": ["EINTR", "ENOMEM"],
    "pipe2": ["EMFILE", "ENFILE"], "socketpair": ["EMFILE"], "dup3": ["EMFILE"],
    "clone": ["EAGAIN", "ENOMEM"], "execve": ["ENOENT", "EACCES", "ENOMEM"], "pidfd_open": ["EMFILE", "ENOSYS"],
    "wait4": ["EINTR", "ECHILD"], "setsid": ["EPERM"], "close_range": ["ENOSYS"], "dup2": ["EINTR"],
    "getrandom": ["ENOSYS", "EAGAIN", "EINTR"], "prctl": ["EINVAL"], "access": ["EACCES"],
}
REASON = re.compile("^install-cert: (out of memory$|.*: )", re.MULTILINE)
# OpenSSL 3.0 takes a lock that it could not make: as good as a crash, but rare.
IN_A_LIBRARY = {-6, -11}
# Where there are many calls of a kind, each meets one error in turn, once or for ever in turn; else each meets all.
MANY = int(os.environ.get("INJECT_ALL_UP_TO", "4"))
ALLOCATIONS = int(os.environ.get("INJECT_ALLOCATIONS", "60"))  # of them fail in their turn
# Calls that may be interrupted for ever may also be repeated for ever.
ONLY_ONCE = {"EINTR", "EAGAIN"}


def tls_vault():
    directory = pathlib.Path(tempfile.mkdtemp(dir=here["directory"]))
    return ScriptedVault(directory, Authority("Listener CA"))


def counted_run(scenario, program=None):
    """How often a whole turn makes each call, from reading the configuration on; those of the loader left out."""
    at = stage(scenario, program, tls_vault)
    at.reset()
    log = at.place.directory / "log"
    outcome = traced(["--from", START, "--log", log], at.place.command())
    assert outcome.code == 0, outcome
    counts, skipped = collections.Counter(), set()
    for stop in stops(log):
        if stop.entering:
            counts[stop.call] += 1
            if stop.call == "openat" and any(part in stop.path for part in LIBRARY):
                skipped.add((stop.call, counts[stop.call]))
    return counts, skipped


def failed_run(scenario, call, when, lasting, error, program=None):
    at = stage(scenario, program, tls_vault)
    at.reset()
    number = getattr(errno, error) if error else ONE_BYTE
    outcome = traced(["--from", START, "--fail", f"{call},{when},{lasting},{number}"], at.place.command())
    verdicts = at.verdicts()
    found = at.faults() + faults_of_outcome(outcome, verdicts, can_speak=call != "write")
    audit = SecrecyAudit(at.place.directory)
    audit.look()
    found += audit.faults() + at.faults_of_recovery()
    where = f"{scenario}: {call} {when} {lasting} {error or 'one byte'}"
    return outcome.code, verdicts, [f"{where}: {fault}" for fault in found]


def faults_of_outcome(outcome, verdicts, can_speak=True):
    found = []
    if outcome.code not in DOCUMENTED:
        found.append(f"ended with {outcome.code}: {outcome.err}")
    if outcome.code == 0 and set(verdicts) != {"new"}:
        found.append(f"called it good: {outcome.out} {outcome.err}")
    if outcome.code and can_speak and not REASON.search(outcome.err):
        found.append(f"{outcome.code} without a reason: {outcome.err!r}")
    if any(secret in outcome.out + outcome.err for secret in (TOKEN, "PRIVATE KEY")):
        found.append("a secret was told")
    return found


def plan(counts, skipped):
    tasks = []
    for call, errors in ERRORS.items():
        for when in range(1, counts[call] + 1):
            if (call, when) in skipped:
                continue
            few = counts[call] <= MANY
            for error in errors if few else [errors[when % len(errors)]]:
                chosen = ("once", "forever") if few else ("once", "forever")[when // len(errors) % 2:][:1]
                tasks += [(call, when, lasting if error not in ONLY_ONCE else "once", error) for lasting in chosen]
    return list(dict.fromkeys(tasks))


@pytest.fixture(scope="module")
def workers():
    made = Workers()
    yield made
    made.stop()


@pytest.mark.parametrize("scenario", ["renewal"])
def test_a_failing_call_breaks_no_promise(workers, scenario):
    """Faults 55, 56, 57, 58, 73, 74, 75, 77."""
    counts, skipped = workers.run(counted_run, [(scenario,)])[0]
    tasks = plan(counts, skipped)
    results = workers.run(failed_run, [(scenario, *task) for task in tasks])
    faults = [fault for _, _, found in results for fault in found]
    codes = collections.Counter(code for code, _, _ in results)
    calls = {task[0] for task in tasks}
    print(f"{scenario}: {len(tasks)} failures of {len(calls)} calls, ended with {dict(sorted(codes.items()))}, "
          f"{len(faults)} faults")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("mutant, error", [("short_write_taken", ONE_BYTE), ("failed_write_ignored", "EIO")])
def test_a_mutant_is_caught(workers, mutant, error):
    program = str(MUTANTS / mutant)
    counts, _ = workers.run(counted_run, [("renewal", program)])[0]
    results = workers.run(failed_run, [("renewal", "write", when, "once", error, program)
                                       for when in range(1, counts["write"] + 1)])
    assert [fault for _, verdicts, found in results for fault in found], "not caught"


def allocating_run(scenario, when=None, lasting=None):
    """A turn whose `when`-th allocation fails; without, the number of allocations of a whole one."""
    at = stage(scenario, serve=tls_vault)
    at.reset()
    count = at.place.directory / "allocations"
    wish = {"FAIL_ALLOCATION": f"{when},{lasting}"} if when else {"ALLOCATION_COUNT": str(count)}
    outcome = at.place.once(LD_PRELOAD=os.environ["FAILING_ALLOCATOR"], **wish)
    if not when:
        assert outcome.code == 0, outcome
        return int(count.read_text())
    verdicts = at.verdicts()
    found = at.faults() + at.faults_of_recovery()
    if outcome.code not in IN_A_LIBRARY:
        found += faults_of_outcome(outcome, verdicts)
    return outcome.code, verdicts, [f"{scenario}: allocation {when} {lasting}: {fault}" for fault in found]


def test_an_allocation_that_fails_breaks_no_promise(workers):
    """Fault 72."""
    scenario = "renewal"
    total = workers.run(allocating_run, [(scenario, None, None)])[0]
    tasks = [(scenario, when, lasting) for lasting in ("once", "forever")
             for when in range(1, total + 1, max(1, total // ALLOCATIONS))]
    results = workers.run(allocating_run, tasks)
    faults = [fault for _, _, found in results for fault in found]
    codes = collections.Counter(code for code, _, _ in results)
    print(f"{scenario}: {len(tasks)} failures of {total} allocations, ended with {dict(sorted(codes.items()))}, "
          f"{len(faults)} faults")
    assert not faults, "\n".join(faults)
    assert sum(codes[code] for code in IN_A_LIBRARY) <= len(tasks) / 20
