# SPDX-License-Identifier: Apache-2.0
"""A daemon under measurement: started with a notification socket, looked at through /proc."""
import os
import pathlib
import signal
import socket
import subprocess
import time

import peers
import tools


class Daemon:
    """Started by the constructor; stop() ends it and everything below it."""

    def __init__(self, peer, job):
        job.scratch.mkdir(exist_ok=True)
        argv, environment = peer.daemon(job)
        self.peer, self.job = peer, job
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = job.scratch / "notify"
        address.unlink(missing_ok=True)
        self.socket.bind(str(address))
        self.log = job.scratch / "daemon.log"
        with open(self.log, "ab") as output:
            self.begun = time.monotonic()
            self.process = subprocess.Popen(
                argv, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                env=tools.clean_environment() | environment | {"NOTIFY_SOCKET": str(address)},
                cwd=job.scratch, start_new_session=True)

    def ready_ms(self, timeout=60):
        """Milliseconds from the start to READY=1; None where that never came."""
        end = self.begun + timeout
        while (left := end - time.monotonic()) > 0 and self.process.poll() is None:
            self.socket.settimeout(min(left, 1))
            try:
                message = self.socket.recv(4096)
            except TimeoutError:
                continue
            if b"READY=1" in message.split(b"\n"):
                return (time.monotonic() - self.begun) * 1e3
        return None

    def installed_ms(self, timeout=60):
        """Milliseconds from the start until every file is there, to a millisecond."""
        while peers.missing(self.job):
            if time.monotonic() - self.begun > timeout or self.process.poll() is not None:
                return None
            time.sleep(0.001)
        return (time.monotonic() - self.begun) * 1e3

    def processes(self):
        """The session of the daemon: itself and what it keeps running."""
        leader = self.process.pid
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                session = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[3])
            except OSError:
                continue
            if session == leader:
                found.append(entry)
        return found

    def memory_kib(self):
        totals = {"pss": 0, "private": 0, "rss": 0, "processes": 0}
        for process in self.processes():
            fields = dict(line.split(":", 1) for line in
                          (process / "smaps_rollup").read_text().splitlines()[1:])
            value = {name: int(text.split()[0]) for name, text in fields.items()}
            totals["pss"] += value["Pss"]
            totals["private"] += value["Private_Clean"] + value["Private_Dirty"]
            totals["rss"] += value["Rss"]
            totals["processes"] += 1
        return totals

    def activity(self):
        """Times scheduled in (schedstat) and context switches so far, over all threads."""
        total = {"wakeups": 0, "switches": 0, "threads": 0}
        for process in self.processes():
            for thread in (process / "task").iterdir():
                total["threads"] += 1
                total["wakeups"] += int((thread / "schedstat").read_text().split()[2])
                total["switches"] += sum(
                    int(line.split()[1]) for line in (thread / "status").read_text().splitlines()
                    if line.startswith(("voluntary_ctxt", "nonvoluntary_ctxt")))
        return total

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for process in self.processes():
            os.kill(int(process.name), signal.SIGKILL)
        self.socket.close()
