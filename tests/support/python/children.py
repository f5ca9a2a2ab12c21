# SPDX-License-Identifier: Apache-2.0
"""Servers that must not outlive a test run, however it ends."""
import ctypes
import signal

PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent():
    """For preexec_fn: also when the parent is killed and runs no clean-up."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
