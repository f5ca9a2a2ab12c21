# SPDX-License-Identifier: Apache-2.0
"""A host that install-cert serves: its configuration, its file tree under --root, and runs of the program."""
import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
import stat
import subprocess

import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]


@dataclasses.dataclass
class Outcome:
    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


def snapshot(top):
    """Everything below `top`: type, mode, owner and content, but no times."""
    seen = {}
    for path in sorted(pathlib.Path(top).rglob("*")):
        status = path.lstat()
        content = None
        if stat.S_ISLNK(status.st_mode):
            content = os.readlink(path)
        elif stat.S_ISREG(status.st_mode):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        seen[str(path.relative_to(top))] = (oct(status.st_mode), status.st_uid, status.st_gid, content)
    return seen


class WithoutAliases(yaml.SafeDumper):
    """The program refuses them."""

    def ignore_aliases(self, _):
        return True


class Host:
    """`program` is the install-cert under test. What it writes lies under `root`; its inputs under `inputs`."""

    def __init__(self, directory, program=None):
        self.program = program or os.environ["INSTALL_CERT"]
        self.root = directory / "root"
        self.inputs = directory / "inputs"
        self.config = self.inputs / "config.yaml"
        self.token_file = self.inputs / "token"
        self.certs = self.root / "etc/etcd/certs"
        self.root.mkdir(parents=True)
        self.inputs.mkdir()
        shutil.copytree(REPOSITORY / "config/roles", self.inputs / "roles")
        self.values = {}

    def configure(self, values):
        """Writes the host file."""
        self.values = values
        self.write_input(self.config, yaml.dump(values, Dumper=WithoutAliases, sort_keys=False))

    def change(self, **values):
        self.configure({**self.values, **values})

    def write_input(self, path, text, mode=0o600):
        path.touch(mode=0o600)
        path.write_text(text)
        path.chmod(mode)
        return path

    def write_token(self, token):
        return self.write_input(self.token_file, token + "\n")

    def run(self, *arguments, **environment):
        return self.run_bare("--config", self.config, "--root", self.root, *arguments, **environment)

    def run_bare(self, *arguments, **environment):
        """Runs to its end."""
        process = self.start_bare(*arguments, **environment)
        out, err = process.communicate(timeout=90)
        return Outcome(process.returncode, out, err)

    def start(self, *arguments, **environment):
        return self.start_bare("--config", self.config, "--root", self.root, *arguments, **environment)

    def start_bare(self, *arguments, **environment):
        """The environment holds nothing but `environment` and PATH."""
        return subprocess.Popen([self.program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True,
                                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment})

    def once(self, *arguments, **environment):
        return self.run("once", "--timeout", "20s", *arguments, **environment)

    def renew(self, *arguments):
        """Renews now: without its state the program has no request to keep ten seconds from."""
        (self.root / "var/lib/install-cert/state.json").unlink(missing_ok=True)
        return self.run("renew", *arguments)

    def install(self):
        """A first good set, which tests then put at risk."""
        outcome = self.once()
        assert outcome.code == 0, outcome
        return snapshot(self.certs)
