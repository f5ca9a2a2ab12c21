# SPDX-License-Identifier: Apache-2.0
"""A real etcd cluster on loopback addresses, peer and client certificate authentication on, and a load of writes."""
import base64
import collections
import contextlib
import hashlib
import http.client
import json
import pathlib
import socket
import ssl
import subprocess
import threading

from children import die_with_parent
from waiting import free_port


class Member:
    """One etcd process; its files lie in `certs` under the names of the shipped role."""

    def __init__(self, name, address, certs, directory):
        self.name = name
        self.address = address
        self.certs = certs
        self.directory = pathlib.Path(directory)
        self.peer_url = f"https://{address}:{free_port(address)}"
        self.client_port = free_port(address)
        # Also where `localhost` leads, so that the cluster can be dialled by a name.
        self.local_port = free_port()
        self.log = self.directory / f"{name}.log"
        self.process = None

    @property
    def client_url(self):
        return f"https://{self.address}:{self.client_port}"

    def start(self, members):
        ca, certificate, key = (str(self.certs / f"etcd-member{part}.pem") for part in ("-ca", "", "-key"))
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([
                "etcd", "--name", self.name, "--data-dir", str(self.directory / self.name),
                "--listen-peer-urls", self.peer_url, "--initial-advertise-peer-urls", self.peer_url,
                "--listen-client-urls", f"{self.client_url},https://127.0.0.1:{self.local_port}",
                "--advertise-client-urls", self.client_url, "--initial-cluster-state", "new",
                "--initial-cluster", ",".join(f"{member.name}={member.peer_url}" for member in members),
                "--client-cert-auth", "--trusted-ca-file", ca, "--cert-file", certificate, "--key-file", key,
                "--peer-client-cert-auth", "--peer-trusted-ca-file", ca, "--peer-cert-file", certificate,
                "--peer-key-file", key,
                # On two busy cores, no leader is to change.
                "--heartbeat-interval", "300", "--election-timeout", "3000"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent)

    def refused_handshakes(self):
        """Lines of the member's log about a handshake that failed, on its side of client or peer connections."""
        words = ("tls:", "rejected connection", "private key does not match", "x509:")
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if any(word in line for word in words)]

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def running(members):
    try:
        for member in members:
            member.start(members)
        yield members
    finally:
        for member in members:
            member.stop()


class Identity:
    """What a client of the cluster holds."""

    def __init__(self, directory, ca, certificate, key):
        self.paths = [directory / name for name in ("client-ca.pem", "client.pem", "client-key.pem")]
        for path, text in zip(self.paths, (ca, certificate, key)):
            path.touch(mode=0o600)
            path.write_text(text)

    def context(self):
        """A new one for each connection, so that no TLS session is taken up again: each is a full handshake."""
        context = ssl.create_default_context(cafile=self.paths[0])
        context.load_cert_chain(*self.paths[1:])
        return context

    def etcdctl(self, endpoint, *arguments):
        ca, certificate, key = map(str, self.paths)
        return subprocess.run(["etcdctl", "--endpoints", endpoint, "--cacert", ca, "--cert", certificate, "--key", key,
                               *arguments], env={"ETCDCTL_API": "3", "PATH": "/usr/bin:/bin"}, check=True,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30).stdout


def put(member, identity, server_name, key, value):
    """Writes over a connection of its own; the digest of the certificate that the member presented."""
    with socket.create_connection((member.address, member.client_port), timeout=10) as plain:
        with identity.context().wrap_socket(plain, server_hostname=server_name) as secured:
            connection = http.client.HTTPConnection(member.address, member.client_port)
            connection.sock = secured
            texts = {name: base64.b64encode(text.encode()).decode() for name, text in (("key", key), ("value", value))}
            connection.request("POST", "/v3/kv/put", json.dumps(texts))
            answer = connection.getresponse()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status} {answer.read()[:200]}")
            answer.read()
            return hashlib.sha256(secured.getpeercert(binary_form=True)).hexdigest()


class Load:
    """Writes to each member in turn by IP and by name, over a new connection each, until it is left."""

    def __init__(self, members, identity, name):
        self.writes = collections.Counter()
        self.failures = []
        self.presented = collections.defaultdict(set)
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.press, args=(member, identity, name)) for member in members]

    def press(self, member, identity, name):
        while not self.over.is_set():
            server_name = member.address if self.writes[member.name] % 2 else name
            try:
                digest = put(member, identity, server_name, f"load/{member.name}", str(self.writes[member.name]))
                self.presented[member.name].add(digest)
            except (OSError, RuntimeError, http.client.HTTPException) as failure:
                self.failures.append(f"{member.name} as {server_name}: {failure}")
            self.writes[member.name] += 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()
