# SPDX-License-Identifier: Apache-2.0
"""`once` for N certificates beside its peers, in turn in one run: A B C A B C ..., medians."""
import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import peers
import server
import tables
import tools
from forwarder import Forwarder

NOTHING_DUE_CERTIFICATES = 6


def contestants(left_out):
    install_cert = tools.program("INSTALL_CERT")
    found = [peers.Floor(tools.BUILD / "floor")]
    if install_cert:
        found += [peers.InstallCert(install_cert, "sign"), peers.InstallCert(install_cert, "issue")]
    if tools.program("CONSUL_TEMPLATE"):
        found.append(peers.ConsulTemplate(tools.program("CONSUL_TEMPLATE")))
    found += [peers.BaoAgent(tools.program("BAO")), peers.CurlJq()]
    return [peer for peer in found if not any(name in peer.name for name in left_out)]


def address_of(bao, port=None):
    return peers.Server(port or bao.port, bao.ca_file, bao.token_file)


def fresh(home):
    """A directory that is nobody's yet. It stays until the end of the benchmark: for five seconds
    ext4 gives no deleted inode out again, and looks at each of them whenever a file is made."""
    return pathlib.Path(tempfile.mkdtemp(dir=home))


def run(peer, job):
    """One sample, checked: every file is there."""
    argv, environment = peer.once(job)
    sample = tools.measured(argv, environment, job.scratch)
    absent = peers.missing(job)
    if sample["status"] != 0 or absent:
        raise RuntimeError(f"{peer.name}, N={job.n}: {sample}, missing {absent[:3]}")
    return sample


def run_again(peer, job):
    """A sample over what is installed, with the configuration that is there."""
    argv, environment = peer.once(job)
    return tools.measured(argv, environment, job.scratch)


def timed(bao, sizes, rounds, found, home):
    samples = {peer.name: {n: [] for n in sizes} for peer in found}
    for turn in range(rounds):
        for n in sizes:
            for peer in found:
                job = peers.Job(address_of(bao), fresh(home), n)
                samples[peer.name][n].append(run(peer, job))
            print(f"round {turn + 1} of {rounds}, N={n}", file=sys.stderr)
    return samples


def nothing_due(bao, rounds, found, home):
    samples = {peer.name: [] for peer in found}
    jobs = [peers.Job(address_of(bao), fresh(home), NOTHING_DUE_CERTIFICATES) for _ in found]
    for peer, job in zip(found, jobs):
        run(peer, job)
    for _ in range(rounds):
        for peer, job in zip(found, jobs):
            samples[peer.name].append(run_again(peer, job))
    return samples


def counted(bao, sizes, found, home):
    """Requests, connections, handshakes and bytes; `again`: requests of a second run."""
    counts = {peer.name: {} for peer in found}
    for peer in found:
        for n in sizes:
            with Forwarder(bao.port) as forwarder:
                job = peers.Job(address_of(bao, forwarder.port), fresh(home), n)
                before = len(bao.requests(""))
                run(peer, job)
                time.sleep(0.2)  # the last bytes of a connection that is being closed
                seen = forwarder.counts() | {"requests": len(bao.requests("")) - before}
                if not isinstance(peer, (peers.Floor, peers.CurlJq)):
                    run_again(peer, job)
                    seen["again"] = len(bao.requests("")) - before - seen["requests"]
                counts[peer.name][n] = seen
    return counts


def request(kind):
    """The body of a sign request for a key of that kind; openssl's arguments name it."""
    new_key = {"rsa": ["rsa:2048"], "ec": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]}[kind]
    return subprocess.run(
        ["openssl", "req", "-new", "-newkey", *new_key, "-nodes", "-keyout", "/dev/null", "-subj",
         f"/CN={peers.common_name(0)}"], check=True, capture_output=True, text=True).stdout


def server_cost(bao, repetitions=20):
    """What one request costs the server, in CPU time and wall time."""
    costs = {}
    for kind in ("rsa", "ec"):
        for verb, more in (("issue", {}), ("sign", {"csr": request(kind)})):
            cpu, walls = server.cpu_seconds(bao), []
            for _ in range(repetitions):
                begun = time.monotonic()
                bao.write(f"{server.MOUNT}/{verb}/{kind}", common_name=peers.common_name(0),
                          ttl=peers.TTL, **more)
                walls.append((time.monotonic() - begun) * 1e3)
            costs[f"{verb}, {'RSA 2048' if kind == 'rsa' else 'EC P-256'}"] = {
                "wall_ms": statistics.median(walls),
                "cpu_ms": (server.cpu_seconds(bao) - cpu) * 1e3 / repetitions}
    return costs


def measure(options, home):
    sizes = [int(n) for n in options.sizes.split(",")]
    found = contestants([name for name in options.without.split(",") if name])
    idempotent = [p for p in found if not isinstance(p, (peers.Floor, peers.CurlJq))]
    results = {"rounds": options.rounds}
    with server.running(home / "timed") as bao:
        results["timed"] = timed(bao, sizes, options.rounds, found, home)
        results["nothing_due"] = nothing_due(bao, options.rounds, idempotent, home)
        if options.timed_only:
            return results
        results["server_cost"] = server_cost(bao)
    with server.running(home / "counted", audited=True) as bao:
        results["counted"] = counted(bao, sizes, found, home)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", default="1,6,50,200")
    parser.add_argument("--without", default="", help="peers to leave out: parts of names, commas")
    parser.add_argument("--timed-only", action="store_true")
    parser.add_argument("--scratch", default=tools.BUILD, help="where servers and peers write")
    options = parser.parse_args()
    pathlib.Path(options.scratch).mkdir(parents=True, exist_ok=True)
    home = pathlib.Path(tempfile.mkdtemp(prefix="once-", dir=options.scratch))
    try:
        results = json.loads(json.dumps(measure(options, home)))
    finally:
        shutil.rmtree(home, ignore_errors=True)
    tools.report("once", results, tables.once(results))


if __name__ == "__main__":
    main()
