# SPDX-License-Identifier: Apache-2.0
"""Runs of the program under the system-call tracer: killed, failing, or watched at each stop."""
import dataclasses
import os
import socket
import subprocess

from host import Outcome

LONGEST = 110  # seconds
O_CREAT = 0o100
CHANGING = {"mkdir", "mkdirat", "symlinkat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "fchmod",
            "fchown", "fremovexattr", "write", "pwrite64", "ftruncate", "utimensat", "flock", "fsync", "syncfs",
            "clone", "clone3", "fork", "vfork", "execve", "exit_group", "setsid"}


@dataclasses.dataclass(frozen=True)
class Stop:
    number: int
    entering: bool
    call: str
    result: int
    first: int
    third: int
    path: str

    def changes(self):
        """Whether the call may leave another state of files and processes than it found."""
        return self.call in CHANGING or (self.call == "openat" and bool(self.third & O_CREAT))

    def writes(self):
        """Whether an openat(2) is for writing."""
        return bool(self.third & (os.O_ACCMODE | O_CREAT))


def stops(log):
    found = []
    for line in log.read_text().splitlines():
        number, kind, call, result, first, third, path = line.split(" ", 6)
        found.append(Stop(int(number), kind == "entry", call, int(result), int(first), int(third), path))
    return found


def traced(options, command, at_each_stop=None, **environment):
    """The Outcome of `command` as the tracer ends it; `at_each_stop` is called while all stand still."""
    arguments = [os.environ["TRACER"], *map(str, options), *(["--lockstep"] if at_each_stop else []), "--",
                 *map(str, command)]
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment}
    ours, theirs = socket.socketpair() if at_each_stop else (None, subprocess.DEVNULL)
    process = subprocess.Popen(arguments, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=environment)
    if at_each_stop:
        theirs.close()
        with ours:
            while ours.recv(1):
                at_each_stop()
                ours.send(b".")
    try:
        out, err = process.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        process.kill()  # and all that it traces
        out, err = process.communicate()
    return Outcome(process.returncode, out, err)
