# SPDX-License-Identifier: Apache-2.0
"""etcd under a load of writes, each over a connection of its own: one restart for a CA, none for a renewal."""
import pytest

from etcd_cluster import Identity, Load, put
from etcd_host import CERTS
from openssl import assert_chain, assert_set
from waiting import until

MOUNT = "kluster/pki/etcd-member"
NAME = "client.cluster.local"  # one of etcd's, by its wildcard


def identity(bao, directory):
    """Has its certificate from the CA of the day."""
    answer = bao.write(f"{MOUNT}/issue/etcd-member", common_name="client", ttl="24h")["data"]
    return Identity(directory, answer["issuing_ca"], answer["certificate"], answer["private_key"])


@pytest.fixture(scope="module")
def client(bao, token, tmp_path_factory):
    return identity(bao, tmp_path_factory.mktemp("client"))


def rotate(bao, client):
    """The mount has another CA from now on, which `client` trusts as well; its file."""
    successor = bao.write(f"{MOUNT}/root/rotate/internal", common_name="next CA", key_type="ec")["data"]["certificate"]
    with open(client.paths[0], "a") as trusted:
        trusted.write("\n" + successor)
    bao.write(f"{MOUNT}/root/replace", default="next")
    file = client.paths[0].with_name("successor.pem")
    file.write_text(successor)
    return file


def test_a_changed_ca_restarts_etcd_once_and_trust_goes_before_the_leaf(serving, bao, client, tmp_path):
    """Fault 50. The old leaf stays until etcd trusts both CAs, then the new one follows by itself; each CA's
    clients are served."""
    serving.want(renewal={"ca_lead": "20s"})
    serving.await_serving()
    old, issued, first_life = serving.serial(), serving.issued(), serving.lives()[0]
    with Load([serving.member], client, NAME) as load:
        successor = rotate(bao, client)
        assert serving.machine.run("install-cert", "renew", "--wait", timeout=120).returncode == 0
        assert serving.serial() == old
        until(lambda: serving.lives()[0] not in ("", first_life), 90, "etcd to be restarted")
        assert serving.serial() == old
        second_life = serving.lives()[0]
        serving.await_renewal(old)
        presented = len(load.presented["one"])
        until(lambda: len(load.presented["one"]) > presented, 90, "etcd to present the new CA's leaf")
    assert not [failure for failure in load.failures if "certificate" in failure.lower() or "unknown" in failure]
    assert serving.issued() == issued + 2
    assert_chain(successor, serving.machine.path(f"{CERTS}/etcd-member.pem"))
    put(serving.member, identity(bao, tmp_path), NAME, "new", "client")
    put(serving.member, client, NAME, "old", "client")
    assert serving.lives()[0] == second_life


def last_write(host, client):
    return int(client.etcdctl(f"https://127.0.0.1:{host.ports[0]}", "get", "load/one", "--print-value-only"))


def test_ten_renewals_reach_etcd_without_a_reload_and_no_client_fails(serving, client):
    """etcd presents each of ten short-lived certificates, in one life and with nothing asked of it."""
    etcd, issued = serving.lives(), serving.issued()
    with Load([serving.member], client, NAME) as load:
        # A new key each time would let etcd pair it with the old certificate for an instant.
        serving.want({"ttl": "40s", "method": "sign", "key_type": "ec", "rekey": "never"}, renewal={"at": "10%", "spread": "0%"})
        until(lambda: len(load.presented["one"]) > 10, 240, "etcd to present ten more certificates")
    assert load.failures == []
    assert last_write(serving, client) == load.writes["one"] - 1
    assert serving.lives() == etcd
    renewals = serving.issued() - issued
    assert len(load.presented["one"]) - 1 <= renewals <= len(load.presented["one"])
    assert len(serving.events("certificate_installed")) >= 10
    assert_set(serving.machine.path(CERTS), "etcd-member")
