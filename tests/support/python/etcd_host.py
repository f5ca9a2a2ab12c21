# SPDX-License-Identifier: Apache-2.0
"""A booted machine with install-cert for the shipped role `etcd`, and Debian's etcd behind the gate."""
import json
import re
import shutil
import subprocess
import types

import yaml

import openssl
from host import WithoutAliases
from machine import REPOSITORY, Machine
from waiting import free_port, until

AGENT = "install_cert.service"
GATE = "install_cert-ready.service"
ETCD = "etcd.service"
CONFIG = "/etc/install-cert/config.yaml"
TOKEN = "/etc/install-cert/token"
CA = "/etc/install-cert/vault-ca.pem"
CERTS = "/etc/etcd/certs"
EXAMPLES = "usr/share/doc/install-cert/examples/systemd"
MESSAGE_IDS = REPOSITORY / "agent/report/message_ids.h"
# Slots and spreads are shares made of it: with this one the slot of etcd's restart is a quarter into ca_lead.
MACHINE_ID = "1" * 32


class EtcdHost:
    """`bao` is the server it asks, `token` what it may be given. It holds no agent yet, and is not booted."""

    def __init__(self, directory, bao, token):
        self.bao = bao
        self.token = token
        self.machine = Machine(directory)
        self.machine.write("/etc/machine-id", MACHINE_ID + "\n", 0o444)
        self.ports = [free_port() for _ in range(2)]
        self.values = {"role": "etcd", "cluster": "kluster",
                       "vault": {"address": bao.address, "ca_cert": CA},
                       "certificates": {"etcd-member": {"owner": "etcd", "group": "etcd"}}}
        self.configure(self.values)
        self.machine.write("/etc/default/etcd", self.etcd_settings())

    def etcd_settings(self):
        client, peer = (f"https://127.0.0.1:{port}" for port in self.ports)
        values = {"ETCD_NAME": "one", "ETCD_LISTEN_CLIENT_URLS": client, "ETCD_ADVERTISE_CLIENT_URLS": client,
                  "ETCD_LISTEN_PEER_URLS": peer, "ETCD_INITIAL_ADVERTISE_PEER_URLS": peer,
                  "ETCD_INITIAL_CLUSTER": f"one={peer}", "ETCD_CLIENT_CERT_AUTH": "true"}
        for kind in ("", "PEER_"):
            values |= {f"ETCD_{kind}TRUSTED_CA_FILE": f"{CERTS}/etcd-member-ca.pem",
                       f"ETCD_{kind}CERT_FILE": f"{CERTS}/etcd-member.pem",
                       f"ETCD_{kind}KEY_FILE": f"{CERTS}/etcd-member-key.pem"}
        return "".join(f"{name}={value}\n" for name, value in values.items())

    def install(self, package):
        """The Debian package, before the first boot; agent and etcd, behind the gate, enabled."""
        shutil.copy(package, self.machine.root / "srv/package.deb")
        subprocess.run(["chroot", str(self.machine.root), "dpkg", "--install", "/srv/package.deb"], check=True,
                       stdin=subprocess.DEVNULL, capture_output=True)
        link = self.machine.root / "etc/systemd/system/multi-user.target.wants" / ETCD
        if not link.is_symlink():
            link.symlink_to(f"/lib/systemd/system/{ETCD}")
        shutil.copytree(self.machine.root / EXAMPLES / "etcd.service.d",
                        self.machine.root / "etc/systemd/system/etcd.service.d")

    def configure(self, values):
        self.machine.write(CONFIG, yaml.dump(values, Dumper=WithoutAliases, sort_keys=False))

    def want(self, certificate=None, **values):
        """Has the daemon take over the usual configuration, changed by `values` and in the certificate."""
        usual = {**self.values["certificates"]["etcd-member"], **(certificate or {})}
        self.configure({**self.values, "certificates": {"etcd-member": usual}, **values})
        self.machine.systemctl("reload", AGENT)

    def give_ca(self):
        self.machine.write(CA, self.bao.ca_file.read_text())

    def give_token(self):
        self.machine.write(TOKEN, self.token + "\n", 0o600)

    def await_serving(self):
        """Agent, gate and etcd are up, and no turn waits to be run."""
        until(lambda: self.states() == ["active"] * 3, 90, "agent, gate and etcd to be up")
        self.await_word(" next ")

    def states(self):
        return [self.machine.show(unit, "ActiveState") for unit in (AGENT, GATE, ETCD)]

    def await_word(self, word, seconds=90):
        until(lambda: word in self.status_text(), seconds, f"the agent's status to speak of {word}")

    def files(self):
        """What lies where etcd looks for it."""
        directory = self.machine.path(CERTS)
        return sorted(path.name for path in directory.iterdir() if not path.name.startswith("."))

    def serial(self):
        return openssl.serial(self.machine.path(f"{CERTS}/etcd-member.pem"))

    def await_renewal(self, old, seconds=90):
        return until(lambda: self.serial() != old, seconds, "a certificate with another serial number")

    def issued(self, role="etcd-member"):
        """How many certificates of a PKI role were asked of the server."""
        return sum(len(self.bao.requests(f"pki/etcd-member/{verb}/{role}")) for verb in ("issue", "sign"))

    def health(self):
        """What `status` says of each certificate, by name."""
        told = json.loads(self.machine.run("install-cert", "status", "--json").stdout)
        return {certificate["name"]: certificate for certificate in told["certificates"]}

    def events(self, name):
        """The agent's entries in the journal of this boot with that MESSAGE_ID, which is its own. The unit is not asked
        for: journald may not learn it of a worker that has ended by then."""
        found = re.search(rf"\b{name} = \"([0-9a-f]{{32}})\"", MESSAGE_IDS.read_text())
        return self.machine.entries(f"MESSAGE_ID={found[1]}")

    def status_text(self):
        """What the agent last told systemd."""
        return self.machine.show(AGENT, "StatusText")

    def pid(self, unit=AGENT):
        return int(self.machine.show(unit, "MainPID"))

    def lives(self, unit=ETCD):
        """Which life of the unit this is, and what systemd did to it in this boot: starts, stops, reloads."""
        told = self.machine.journalctl("--output=cat", "_PID=1", f"UNIT={unit}").splitlines()
        return self.machine.show(unit, "InvocationID"), self.pid(unit), len(told)

    @property
    def member(self):
        """As etcd_cluster knows members."""
        return types.SimpleNamespace(name="one", address="127.0.0.1", client_port=self.ports[0])

    def etcd_answers(self):
        """etcd itself says so, over TLS and by our certificate."""
        certs = [self.machine.path(f"{CERTS}/etcd-member{part}.pem") for part in ("-ca", "", "-key")]
        ca, certificate, key = map(str, certs)
        done = subprocess.run(["curl", "--silent", "--fail", "--cacert", ca, "--cert", certificate, "--key", key,
                               f"https://127.0.0.1:{self.ports[0]}/health"], capture_output=True, text=True, timeout=30)
        return '"true"' in done.stdout
