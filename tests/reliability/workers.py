# SPDX-License-Identifier: Apache-2.0
"""Trials on all cores: each worker has a host, a server and the scenarios' stages of its own, in memory."""
import concurrent.futures
import functools
import multiprocessing
import os
import pathlib
import shutil
import tempfile

from loop_image import enter_own_mount_namespace, pretend_unwritten
from plain_vault import PlainVault
from scenarios import SCENARIOS, Place, Stage

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
here = {}


def start(directory):
    os.umask(0o022)
    enter_own_mount_namespace()
    here["directory"] = pathlib.Path(tempfile.mkdtemp(dir=directory))


@functools.lru_cache(maxsize=None)
def stage(name, program=None, serve=PlainVault):
    """This worker's own; consumers and configuration name its paths."""
    directory = pathlib.Path(tempfile.mkdtemp(dir=here["directory"]))
    return Stage(SCENARIOS[name], Place(directory, serve(), program))


def ready(name, program=None, serve=PlainVault):
    """The stage, as it is before each trial."""
    at = stage(name, program, serve)
    pretend_unwritten(here["directory"], at.scenario.unwritten)
    at.reset()
    return at


class Workers:
    def __init__(self):
        self.directory = tempfile.mkdtemp(dir=MEMORY, prefix="install-cert-")
        self.pool = concurrent.futures.ProcessPoolExecutor(
            os.cpu_count(), multiprocessing.get_context("fork"), start, (self.directory,))

    def run(self, trial, tasks):
        """The results of trial(*task), in order."""
        return list(self.pool.map(trial, *zip(*tasks), chunksize=4))

    def begin(self, trial, *task):
        """Its result is had of the future that comes back."""
        return self.pool.submit(trial, *task)

    def stop(self):
        self.pool.shutdown(cancel_futures=True)
        shutil.rmtree(self.directory, ignore_errors=True)
