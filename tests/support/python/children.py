# SPDX-License-Identifier: Apache-2.0
"""Servers that must not outlive a test run, however it ends."""
import ctypes
import os
import pathlib
import signal

PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent():
    """For preexec_fn: also when the parent is killed and runs no clean-up."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans():
    """From now on what outlives its parent below this process becomes its child."""
    pr_set_child_subreaper = 36
    ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1)


def end_adopted_children():
    """Ends those of the main thread, which is who adopts; so not while it waits for one."""
    listed = pathlib.Path(f"/proc/self/task/{os.getpid()}/children")
    for child in map(int, listed.read_text().split()):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
