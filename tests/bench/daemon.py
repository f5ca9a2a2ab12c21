# SPDX-License-Identifier: Apache-2.0
"""The daemons side by side: what they cost asleep, how soon they are ready, what readers see."""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import peers
import server
import tables
import tools
from resident import Daemon
from waiting import free_port

RESIDENT_CERTIFICATES = 6
READ_CERTIFICATES = 20
# Short enough for hundreds of renewals in minutes. Ours refuses to install what is good for less
# than 10 s, so that its lifetime cannot be shorter.
READER_TTL = {"install-cert": "16s", "other": "5s"}


def contestants():
    found = []
    if tools.program("INSTALL_CERT"):
        found.append(peers.InstallCert(tools.program("INSTALL_CERT"), "sign"))
    if tools.program("CONSUL_TEMPLATE"):
        found.append(peers.ConsulTemplate(tools.program("CONSUL_TEMPLATE")))
    return found + [peers.BaoAgent(tools.program("BAO"))]


def idle(vault, found, home, seconds):
    """All of them at once, each with six certificates that are not due for weeks."""
    daemons = [Daemon(peer, peers.Job(vault, home / f"idle-{i}", RESIDENT_CERTIFICATES))
               for i, peer in enumerate(found)]
    try:
        for daemon in daemons:
            if daemon.installed_ms() is None:
                raise RuntimeError(f"{daemon.peer.name}: {daemon.log.read_text()[-2000:]}")
        time.sleep(15)  # past start-up, and past the grace of what was replaced
        before = [daemon.activity() for daemon in daemons]
        time.sleep(seconds)
        rows = {}
        for daemon, first in zip(daemons, before):
            last = daemon.activity()
            per_minute = {name: (last[name] - first[name]) * 60 / seconds
                          for name in ("wakeups", "switches")}
            rows[daemon.peer.name] = daemon.memory_kib() | per_minute | {
                "threads": last["threads"]}
        return rows
    finally:
        for daemon in daemons:
            daemon.stop()


def started(peer, job):
    daemon = Daemon(peer, job)
    try:
        return {"ready_ms": daemon.ready_ms(20), "installed_ms": daemon.installed_ms(20)}
    finally:
        daemon.stop()


def start_up(vault, found, home, rounds):
    """From start to READY for one certificate; again over valid files with nobody at the port."""
    away = peers.Server(free_port(), vault.ca, vault.token_file)
    rows = {peer.name: {"fresh": [], "away": [], "once": []} for peer in found}
    for turn in range(rounds):
        for i, peer in enumerate(found):
            scratch = home / f"start-{i}-{turn}"
            rows[peer.name]["fresh"].append(started(peer, peers.Job(vault, scratch, 1)))
            rows[peer.name]["away"].append(started(peer, peers.Job(away, scratch, 1)))
            once = peers.Job(vault, home / f"once-{i}-{turn}", 1)
            once.scratch.mkdir()
            rows[peer.name]["once"].append(tools.measured(*peer.once(once), once.scratch))
    return rows


def watched(vault, peer, home, options):
    """What a reader sees while every certificate is renewed again and again."""
    ours = peer.name.startswith("install-cert")
    job = peers.Job(vault, home, READ_CERTIFICATES, role="short",
                    ttl=READER_TTL["install-cert" if ours else "other"])
    daemon = Daemon(peer, job)
    try:
        if daemon.installed_ms() is None:
            raise RuntimeError(f"{peer.name}: {daemon.log.read_text()[-2000:]}")
        output = subprocess.run(
            [tools.BUILD / "reader", job.files, str(job.n), str(options.renewals),
             str(options.reader)],
            check=True, capture_output=True, text=True).stdout
        return json.loads(output)
    finally:
        daemon.stop()


def readers(vault, found, home, options):
    rows = {}
    subjects = [(peer.name, peer) for peer in found if not isinstance(peer, peers.InstallCert)]
    if tools.program("INSTALL_CERT"):
        subjects = [(f"install-cert, rekey: {rekey}",
                     peers.InstallCert(tools.program("INSTALL_CERT"), "sign", rekey=rekey))
                    for rekey in ("always", "never")] + subjects
    for i, (name, peer) in enumerate(subjects):
        print(f"reading: {name}", file=sys.stderr)
        rows[name] = watched(vault, peer, home / f"read-{i}", options)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle", type=int, default=60, help="seconds; 0: leave out")
    parser.add_argument("--rounds", type=int, default=5, help="of start-up; 0: leave out")
    parser.add_argument("--renewals", type=int, default=200, help="to read through; 0: leave out")
    parser.add_argument("--reader", type=int, default=300, help="seconds at most for a peer")
    parser.add_argument("--scratch", default=tools.BUILD, help="where servers and peers write")
    options = parser.parse_args()
    pathlib.Path(options.scratch).mkdir(parents=True, exist_ok=True)
    home = pathlib.Path(tempfile.mkdtemp(prefix="daemon-", dir=options.scratch))
    results = {}
    try:
        with server.running(home / "server") as bao:
            vault = peers.Server(bao.port, bao.ca_file, bao.token_file)
            found = contestants()
            if options.idle:
                results["idle"] = idle(vault, found, home, options.idle)
            if options.rounds:
                results["start"] = start_up(vault, found, home, options.rounds)
            if options.renewals:
                results["readers"] = readers(vault, found, home, options)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    tools.report("daemon", results, tables.daemon(results))


if __name__ == "__main__":
    main()
