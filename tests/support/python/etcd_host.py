# SPDX-License-Identifier: Apache-2.0
"""A booted machine with install-cert for the shipped role `etcd`, and Debian's etcd behind the gate."""
import os
import pathlib
import shutil
import subprocess

import yaml

import openssl
from host import WithoutAliases
from machine import Machine
from waiting import free_port, until

AGENT = "install_cert.service"
GATE = "install_cert-ready.service"
ETCD = "etcd.service"
CONFIG = "/etc/install-cert/config.yaml"
TOKEN = "/etc/install-cert/token"
CA = "/etc/install-cert/vault-ca.pem"
CERTS = "/etc/etcd/certs"
EXAMPLES = "usr/share/doc/install-cert/examples/systemd"


class EtcdHost:
    """`bao` is the server it asks, `token` what it may be given."""

    def __init__(self, directory, bao, token):
        self.bao = bao
        self.token = token
        self.machine = Machine(directory)
        self.ports = [free_port() for _ in range(2)]
        install(self.machine.root)
        self.values = {"role": "etcd", "cluster": "kluster",
                       "vault": {"address": bao.address, "ca_cert": CA},
                       "certificates": {"etcd-member": {"owner": "etcd", "group": "etcd"}}}
        self.configure(self.values)
        self.machine.write("/etc/default/etcd", self.etcd_settings())
        self.link_unit(AGENT)
        self.link_unit(ETCD)
        shutil.copytree(self.machine.root / EXAMPLES / "etcd.service.d",
                        self.machine.root / "etc/systemd/system/etcd.service.d")

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

    def link_unit(self, unit):
        """As `systemctl enable`, before the first boot."""
        link = self.machine.root / "etc/systemd/system/multi-user.target.wants" / unit
        if not link.is_symlink():
            link.symlink_to(f"/lib/systemd/system/{unit}")

    def configure(self, values):
        self.machine.write(CONFIG, yaml.dump(values, Dumper=WithoutAliases, sort_keys=False))

    def give_ca(self):
        self.machine.write(CA, self.bao.ca_file.read_text())

    def give_token(self):
        self.machine.write(TOKEN, self.token + "\n", 0o600)

    def files(self):
        """What lies where etcd looks for it."""
        directory = self.machine.path(CERTS)
        return sorted(path.name for path in directory.iterdir() if not path.name.startswith("."))

    def serial(self):
        return openssl.serial(self.machine.path(f"{CERTS}/etcd-member.pem"))

    def await_renewal(self, old, seconds=60):
        return until(lambda: self.serial() != old, seconds, "a certificate with another serial number")

    def issued(self):
        """How many certificates were asked of the server."""
        return len(self.bao.requests("pki/etcd-member/issue/"))

    def status_text(self):
        """What the agent last told systemd."""
        return self.machine.show(AGENT, "StatusText")

    def pid(self, unit=AGENT):
        return int(self.machine.show(unit, "MainPID"))

    def etcd_answers(self):
        """etcd itself says so, over TLS and by our certificate."""
        certs = [self.machine.path(f"{CERTS}/etcd-member{part}.pem") for part in ("-ca", "", "-key")]
        ca, certificate, key = map(str, certs)
        done = subprocess.run(["curl", "--silent", "--fail", "--cacert", ca, "--cert", certificate, "--key", key,
                               f"https://127.0.0.1:{self.ports[0]}/health"], capture_output=True, text=True, timeout=30)
        return '"true"' in done.stdout


def install(root):
    """What `cmake --install` of the build under test puts on a host."""
    build = pathlib.Path(os.environ["INSTALL_CERT"]).resolve().parents[1]
    subprocess.run(["cmake", "--install", str(build), "--prefix", "/usr", "--strip"], check=True,
                   env=os.environ | {"DESTDIR": str(root)}, stdout=subprocess.DEVNULL)
