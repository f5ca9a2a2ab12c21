# SPDX-License-Identifier: Apache-2.0
"""`check` before the first boot, and `policy`, whose commands make a Vault that passes it."""
import os
import re
import subprocess

import pytest

from conftest import shipped, vault_access
from kluster import grants, make_role, make_root, make_token, mount_pki
from openbao import binary

MOUNT = "kluster/pki/etcd-member"


def findings(outcome):
    return [(finding["health"], finding["what"]) for finding in outcome.json()["findings"]]


def test_a_host_that_is_ready_passes(etcd_host):
    outcome = etcd_host.run("check", "--json")
    assert outcome.code == 0, outcome
    assert {health for health, _ in findings(outcome)} <= {"ok", "unknown"}, outcome.out
    assert not list(etcd_host.root.rglob("*.pem")) and outcome.err == ""


def missing_token(host, bao):
    host.token_file.unlink()


def missing_token_and_no_vault(host, bao):
    host.token_file.unlink()
    host.change(vault={**host.values["vault"], "address": "https://127.0.0.1:1"})


def open_token(host, bao):
    host.token_file.chmod(0o644)


def revoked_token(host, bao):
    host.write_token("s.nobodyknowsthisone")


def token_without_the_path(host, bao):
    host.write_token(make_token(bao, "other", grants("kluster/pki/other/issue/other")))


def ending_token(host, bao):
    policy = grants(f"{MOUNT}/issue/etcd-member")
    host.write_token(make_token(bao, "ending", policy, period=None, ttl="1h", explicit_max_ttl="1h"))


def root_token(host, bao):
    host.write_token(bao.root_token)


def narrow_role(host, bao):
    readable = grants(f"{MOUNT}/issue/narrow") + f'\npath "{MOUNT}/roles/narrow" {{ capabilities = ["read"] }}'
    make_role(bao, MOUNT, "narrow", allow_any_name=False, allowed_domains=["elsewhere.example"], allow_ip_sans=False)
    host.write_token(make_token(bao, "narrow", readable))
    host.change(certificates={"etcd-member": {"role": "narrow"}})


def bad_destination(host, bao):
    host.certs.parent.mkdir(parents=True)
    host.certs.write_text("in the way")


def closed_by_the_sandbox(host, bao):
    units = host.root / "usr/lib/systemd/system"
    units.mkdir(parents=True)
    (units / "install_cert.service").write_text("[Service]\nProtectSystem=strict\nReadWritePaths=-/etc/kubernetes\n")


def unknown_ca(host, bao):
    access = {**host.values["vault"], "ca_cert": "/etc/ssl/certs/ca-certificates.crt"}
    host.change(vault=access)


def typo(host, bao):
    host.change(clutser="kluster")


# What is wrong, exit code, what is said of it, and the way out.
FAULTS = [
    (missing_token, 75, "token", None),
    (missing_token_and_no_vault, 69, "no token: ", "mode 0600"),
    (open_token, 77, "0644", None),
    (revoked_token, 77, "permission denied", None),
    (token_without_the_path, 77, f"may not call {MOUNT}/issue/etcd-member", f'path "{MOUNT}/issue/etcd-member"'),
    (ending_token, 0, "ends before the next renewal", "periodic"),
    (root_token, 0, "is a root token", "install-cert policy"),
    (narrow_role, 0, f"{MOUNT}/roles/narrow", "install-cert policy"),
    (bad_destination, 73, "etc/etcd/certs", None),
    (closed_by_the_sandbox, 0, "closed to the daemon by its sandbox", "ReadWritePaths=-/etc/etcd/certs"),
    (unknown_ca, 69, "certificate", None),
    (typo, 78, "clutser", "cluster"),
]


@pytest.mark.parametrize("arrange, code, said, way_out", FAULTS, ids=[row[0].__name__ for row in FAULTS])
def test_what_would_fail_later_is_said_now(etcd_host, bao, arrange, code, said, way_out):
    """Fault 18."""
    arrange(etcd_host, bao)
    outcome = etcd_host.run("check", "--timeout", "5s")
    assert outcome.code == code, outcome
    assert said in outcome.out + outcome.err, outcome
    assert way_out is None or way_out in outcome.out + outcome.err, outcome
    assert not list(etcd_host.root.rglob("*.pem"))


def test_offline_asks_nobody(etcd_host, bao):
    etcd_host.change(vault={**etcd_host.values["vault"], "address": "https://127.0.0.1:1"})
    assert etcd_host.run("check", "--timeout", "5s").code == 69
    assert etcd_host.run("check", "--offline").code == 0


def do_what_policy_prints(host, bao, scratch):
    """Gives the host the token that comes of it."""
    printed = host.run("policy")
    assert printed.code == 0, printed
    for mount in sorted(set(re.findall(r'path "([^"]+)/(?:issue|sign)/', printed.out))):
        mount_pki(bao, mount)
        make_root(bao, mount, f"{mount} CA")
    tools = scratch / "tools"
    tools.mkdir()
    (tools / "vault").symlink_to(binary())
    done = subprocess.run(["bash", "-e"], input=printed.out, capture_output=True, text=True,
                          env={"PATH": f"{tools}:{os.environ['PATH']}", "HOME": str(scratch),
                               "BAO_ADDR": bao.address, "BAO_CACERT": str(bao.ca_file), "BAO_TOKEN": bao.root_token})
    assert done.returncode == 0, done.stderr
    host.write_token(done.stdout.splitlines()[-1])  # `token create` comes last


@pytest.mark.parametrize("role", ["etcd", "controller", "worker"])
def test_what_policy_prints_makes_a_vault_that_serves_the_host(host, bao, tmp_path, role):
    host.write_token("none yet")
    host.configure({**shipped(role, host, bao), "cluster": f"policy-{role}",
                    "variables": {"kubernetes_ip": "10.96.0.1"}})
    do_what_policy_prints(host, bao, tmp_path)
    checked = host.run("check", "--json")
    assert checked.code == 0, checked.out
    outcome = host.once()
    assert outcome.code == 0, outcome
    for certificate in host.run("status", "--json").json()["certificates"]:
        assert certificate["health"] == "ok", certificate


@pytest.mark.parametrize("keys", [[("rsa", 2048), ("ec", 384)], [("rsa", 3072), ("rsa", 2048)]])
def test_what_policy_prints_signs_the_keys_of_all_that_share_a_pki_role(host, bao, tmp_path, keys):
    host.write_token("none yet")
    mount = f"shared-{'-'.join(kind for kind, _ in keys)}"
    host.configure({"vault": vault_access(host, bao), "certificates": {f"web{number}": {
        "mount": mount, "role": "web", "common_name": "web.example.com", "directory": f"/etc/web{number}",
        "method": "sign", "key_type": kind, "key_bits": bits,
        "files": {"certificate": "web.pem", "key": {"name": "web-key.pem", "mode": "0600"}},
    } for number, (kind, bits) in enumerate(keys)}})
    do_what_policy_prints(host, bao, tmp_path)
    outcome = host.once()
    assert outcome.code == 0, outcome


@pytest.mark.parametrize("change, said", [({"key_type": "rsa", "key_bits": 4096}, "has key_bits 4096"),
                                          ({"enforce_hostnames": True}, "does not allow the name system:node:x")])
def test_check_finds_what_the_server_would_refuse(host, bao, change, said):
    if "judged/" not in bao.read("sys/mounts")["data"]:
        mount_pki(bao, "judged")
        make_root(bao, "judged", "Judged CA")
    make_role(bao, "judged", "web", **{"key_type": "rsa", "key_bits": 2048, **change})
    readable = 'path "judged/roles/web" { capabilities = ["read"] }'
    host.write_token(make_token(bao, "judged", grants("judged/sign/web") + "\n" + readable))
    host.configure({"vault": vault_access(host, bao), "certificates": {"web": {
        "mount": "judged", "role": "web", "common_name": "system:node:x", "directory": "/etc/web",
        "method": "sign", "key_type": "rsa", "key_bits": 2048,
        "files": {"certificate": "web.pem", "key": {"name": "web-key.pem", "mode": "0600"}}}}})
    assert said in host.run("check").out
    assert host.once().code == 76
