# SPDX-License-Identifier: Apache-2.0
"""A journal in place of systemd's, for a program that runs in a mount namespace of its own."""
import contextlib
import os
import pathlib
import socket
import subprocess
import threading

# Where the program looks for the journal's socket, it finds ours.
ENTER = ('mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && mount --bind "$1" /run/systemd/journal &&'
         ' shift && exec "$@"')


class Journal:
    """What was sent to it, as bytes and as mappings."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.messages = []
        self.stderr = self.directory / "stderr"

    def entries(self):
        return [dict(line.split("=", 1) for line in message.decode().splitlines() if "=" in line)
                for message in self.messages]

    def start(self, *command, **environment):
        """A process that systemd has connected to this journal."""
        with open(self.stderr, "ab") as stderr:
            own = os.fstat(stderr.fileno())
            return subprocess.Popen(["unshare", "--mount", "sh", "-c", ENTER, "sh", self.directory, *command],
                                    stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr,
                                    env={"PATH": "/usr/bin:/bin", **environment,
                                         "JOURNAL_STREAM": f"{own.st_dev}:{own.st_ino}"})


@contextlib.contextmanager
def journal(directory):
    directory.mkdir()
    kept = Journal(directory)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(directory / "socket"))
        server.settimeout(0.1)
        over = threading.Event()

        def listen():
            while True:
                try:
                    kept.messages.append(server.recv(1 << 20))
                except TimeoutError:
                    if over.is_set():
                        return
        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield kept
        finally:
            over.set()
            thread.join()
