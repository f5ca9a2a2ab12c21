# SPDX-License-Identifier: Apache-2.0
"""A host with some sets in one directory, whose consumer notes the certificate that it was told of; its runs are
watched, and cut off, by the tool `power_cut`."""
import collections
import os
import subprocess

from host import Host
from installed_set import read_set, require_whole
from scripted_vault import answer, issued

PARTS = {"key": "{}-key.pem", "response": "{}.certs", "ca": "{}-ca.pem", "certificate": "{}.pem"}

Run = collections.namedtuple("Run", "points is_cut report status last")


def files_of(name):
    """{part: file name} of the set `name`."""
    return {part: pattern.format(name) for part, pattern in PARTS.items()}


class SetsHost(Host):
    """Everything that the program writes lies below `top`; `noted` is what the consumer notes."""

    def __init__(self, directory, top, vault_kit, sets=1, program=None):
        super().__init__(directory, program)
        self.top = top
        self.root = top / "root"
        self.root.mkdir(exist_ok=True)
        self.certs = self.root / "certs"
        self.noted = directory / "noted.pem"
        self.names = [f"set{number}" for number in range(sets)]
        self.issued = {}
        self.vault, authority = vault_kit
        self.vault.script = lambda request: self.issue(authority, request)
        self.write_token("token")
        self.change_sets()

    def change_sets(self):
        access = {"address": self.vault.address, "auth": {"token_file": str(self.token_file)}}
        self.configure({"vault": access, "certificates": {name: self.certificate(name) for name in self.names}})

    def certificate(self, name):
        hook = ["/bin/cp", str(self.certs / f"{self.names[-1]}.pem"), str(self.noted)]
        return {"mount": "pki", "role": name, "common_name": f"{name}.example", "directory": "/certs", "ttl": "720h",
                "owner": "nobody", "group": "nogroup", "consumers": [{"command": hook}], "files": files_of(name)}

    def issue(self, authority, request):
        data = issued(authority, request)
        self.issued[request.path.rpartition("/")[2]] = data["certificate"].encode()
        return answer(data)

    def run_watched(self, verb, *cut):
        """`renew` or `once`, to its end or to the cut."""
        command = [os.environ["POWER_CUT"], *cut, self.top, self.program, "--config", self.config, "--root", self.root,
                   verb, "--reload", "--timeout", "20s"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        assert done.returncode == 0, done
        words = done.stdout.split()
        run = Run(*[int(word) for word in words[1:8:2]], " ".join(words[9:]))
        assert run.is_cut or run.status == 0, (run, done.stderr)
        return run

    def sets(self):
        """{name: {part: content}}; Broken where a reader finds what it must not."""
        found = {name: read_set(self.certs, files_of(name)) for name in self.names}
        for parts in found.values():
            require_whole(parts)
        return found

    def forget_requests(self):
        """None of them keeps the next one from being made."""
        (self.root / "var/lib/install-cert/state.json").unlink(missing_ok=True)

    def recover(self):
        """The next run, with nobody's help."""
        self.run_watched("once")
        found = self.sets()
        assert all(len(parts) == len(PARTS) for parts in found.values())
        assert self.noted.read_bytes() == found[self.names[-1]]["certificate"], "the reload owed was forgotten"
