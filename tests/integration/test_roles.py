# SPDX-License-Identifier: Apache-2.0
"""The main job: a fresh host with a role and a token has exactly that role's files after `once`."""
import json
import os
import stat

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

import kluster
from conftest import shipped
from host import snapshot
from openssl import assert_set, common_name, names

ETCD_MEMBER = {"etcd-member-ca.pem": 0o644, "etcd-member.pem": 0o644, "etcd-member-key.pem": 0o600}
KUBE_APISERVER = {"kube-apiserver-ca.pem": 0o644, "kube-apiserver.pem": 0o644, "kube-apiserver-key.pem": 0o600}

ROLES = [
    ("etcd", "etcd-member", "etc/etcd/certs", {**ETCD_MEMBER, "kube-bundle.certs": 0o600}),
    ("controller", "controller", "etc/etcd/certs", {**ETCD_MEMBER, **KUBE_APISERVER}),
    ("worker", "kube-apiserver", "var/lib/kubernetes", KUBE_APISERVER),
]


def visible(directory):
    """name -> mode of what a consumer reads there."""
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir() if path.name[0] != "."}


@pytest.mark.parametrize("role, token, directory, files", ROLES, ids=[row[0] for row in ROLES])
def test_a_role_has_exactly_its_files(host, bao, tokens, role, token, directory, files):
    host.write_token(tokens[token])
    host.configure(shipped(role, host, bao))
    before = len(bao.requests("/issue/", "/sign/"))

    outcome = host.once()

    assert outcome.code == 0, outcome
    installed = host.root / directory
    assert visible(installed) == files
    stems = [name.removesuffix("-ca.pem") for name in files if name.endswith("-ca.pem")]
    for stem in stems:
        assert_set(installed, stem)
    assert len(bao.requests("/issue/", "/sign/")) == before + len(stems)


def test_a_set_is_published_by_one_link(etcd_host):
    etcd_host.install()
    paths = [etcd_host.certs / name for name in visible(etcd_host.certs)]
    assert all(path.is_symlink() and not os.path.isabs(os.readlink(path)) for path in paths)
    assert len({path.resolve().parent for path in paths}) == 1
    assert {os.readlink(path).rsplit("/", 1)[0] for path in paths} == {".etcd-member/current"}


def test_consumers_reach_their_files_whatever_the_umask(etcd_host):
    previous = os.umask(0o077)
    try:
        etcd_host.install()
    finally:
        os.umask(previous)
    path = (etcd_host.certs / "etcd-member.pem").resolve()
    for parent in [path.parent, path.parent.parent, etcd_host.certs, *etcd_host.certs.parents[:2]]:
        assert stat.S_IMODE(parent.stat().st_mode) == 0o755, parent
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_nobody_else_may_read_a_key_or_what_the_program_keeps(etcd_host):
    """Fault S15."""
    etcd_host.install()
    for path in etcd_host.root.rglob("*"):
        if path.is_file() and (b"PRIVATE KEY" in path.read_bytes() or "install-cert" in str(path)):
            above = [parent for parent in path.parents if etcd_host.root in parent.parents]
            assert not path.stat().st_mode & 0o077 or any(not parent.stat().st_mode & 0o005 for parent in above), path


def test_the_bundle_is_vaults_answer(etcd_host):
    etcd_host.install()
    data = json.loads((etcd_host.certs / "kube-bundle.certs").read_text())["data"]
    for field, name in {"certificate": "etcd-member.pem", "private_key": "etcd-member-key.pem",
                        "issuing_ca": "etcd-member-ca.pem"}.items():
        assert decoded(field, data[field]) == decoded(field, (etcd_host.certs / name).read_text()), field


def decoded(field, text):
    """A key may be written in another form than it was received in."""
    return load_pem_private_key(text.encode(), None).private_numbers() if field == "private_key" else text.strip()


def test_names_are_what_the_role_asks_for_and_the_host_file_overrides(etcd_host):
    etcd_host.change(certificates={"etcd-member": {"common_name": "member-7.cluster.local",
                                                   "alt_names": ["kube-10-0-0-7.cluster.local", "*.cluster.local"],
                                                   "ip_sans": ["127.0.0.1", "10.0.0.7", "fd00::7"]}})
    etcd_host.install()
    certificate = etcd_host.certs / "etcd-member.pem"
    assert common_name(certificate) == "member-7.cluster.local"
    assert names(certificate) == {"member-7.cluster.local", "kube-10-0-0-7.cluster.local", "*.cluster.local",
                                  "127.0.0.1", "10.0.0.7", "fd00::7"}


def test_owner_and_group_are_the_configured_ones(etcd_host):
    etcd_host.change(certificates={"etcd-member": {"owner": "nobody", "group": "65533", "files": {
        "key": {"name": "etcd-member-key.pem", "mode": "0640"}}}})
    etcd_host.install()
    status = (etcd_host.certs / "etcd-member-key.pem").stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (65534, 65533, 0o640)


def test_a_token_for_each_mount(host, bao, tokens):
    other = host.write_input(host.inputs / "etcd-token", tokens["etcd-member"])
    host.write_token(tokens["kube-apiserver"])
    host.configure(shipped("controller", host, bao, certificates={
        "etcd-member": {"auth": {"token_file": str(other)}}}))
    assert host.once().code == 0
    assert_set(host.certs, "etcd-member")
    assert_set(host.certs, "kube-apiserver")


def test_one_certificates_refusal_does_not_keep_another_from_being_installed(host, bao, tokens):
    host.write_token(tokens["kube-apiserver"])
    host.configure(shipped("controller", host, bao))
    outcome = host.once()
    assert outcome.code == 77, outcome
    assert visible(host.certs) == KUBE_APISERVER
    assert_set(host.certs, "kube-apiserver")


def test_other_clusters_name_their_mounts_otherwise(host, bao):
    for mount in ("etcd", "k8s"):
        kluster.mount_pki(bao, f"{mount}/kluster/pki")
        kluster.make_root(bao, f"{mount}/kluster/pki", f"{mount} CA")
        kluster.make_role(bao, f"{mount}/kluster/pki", "member")
    host.write_token(kluster.make_token(bao, "other", kluster.grants("etcd/kluster/pki/issue/member",
                                                                     "k8s/kluster/pki/issue/member")))
    host.configure(shipped("controller", host, bao, certificates={
        "etcd-member": {"mount": "etcd/${cluster}/pki", "role": "member"},
        "kube-apiserver": {"mount": "k8s/${cluster}/pki", "role": "member"}}))
    assert host.once().code == 0
    assert visible(host.certs) == {**ETCD_MEMBER, **KUBE_APISERVER}


def test_without_config_option_everything_is_looked_for_below_root(etcd_host):
    below = etcd_host.root / "etc/install-cert"
    below.parent.mkdir()
    etcd_host.inputs.rename(below)
    etcd_host.config.parent.mkdir()
    etcd_host.change(vault={**etcd_host.values["vault"], "auth": {"method": "token"}})
    etcd_host.config.rename(below / "config.yaml")
    outcome = etcd_host.run_bare("--root", etcd_host.root, "once")
    assert outcome.code == 0, outcome
    assert_set(etcd_host.certs, "etcd-member")


def test_a_second_turn_changes_nothing(etcd_host):
    installed = etcd_host.install()
    assert etcd_host.once().code == 0
    assert snapshot(etcd_host.certs) == installed
