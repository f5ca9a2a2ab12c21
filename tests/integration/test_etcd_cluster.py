# SPDX-License-Identifier: Apache-2.0
"""A three-member etcd cluster lives on what `once` installs, and through fifty renewals of every member under load."""
import concurrent.futures
import os

import pytest

from conftest import shipped
from etcd_cluster import Identity, Load, Member, running
from host import Host
from openssl import assert_set, serial
from waiting import until

NAME = "etcd.cluster.local"
RENEWALS = 50
ADDRESSES = ["127.0.0.11", "127.0.0.12", "127.0.0.13"]


@pytest.fixture
def client(bao, tmp_path):
    data = bao.write("kluster/pki/etcd-member/issue/etcd-member", common_name="client", ttl="1h")["data"]
    return Identity(tmp_path, data["issuing_ca"], data["certificate"], data["private_key"])


def member_host(directory, address, bao, tokens, request):
    host = Host(directory)
    host.write_token(tokens["etcd-member"])
    host.configure(shipped("etcd", host, bao, certificates={"etcd-member": {
        "alt_names": [NAME, "localhost"], "ip_sans": ["127.0.0.1", address], **request}}))
    assert host.once().code == 0
    assert_set(host.certs, "etcd-member")
    return host


def make_cluster(tmp_path, bao, tokens, request):
    os.umask(0o022)
    hosts = [member_host(tmp_path / address, address, bao, tokens, request) for address in ADDRESSES]
    members = [Member(f"member-{address.rsplit('.')[-1]}", address, host.certs, tmp_path)
               for address, host in zip(ADDRESSES, hosts)]
    return hosts, members


def reachable(members, client):
    """Each member by its IP and by a name, with etcd's own client."""
    for member in members:
        for endpoint in (member.client_url, f"https://localhost:{member.local_port}"):
            client.etcdctl(endpoint, "put", "greeting", endpoint)
            assert endpoint in client.etcdctl(endpoint, "get", "greeting")


def healthy(members, client):
    def all_answer():
        try:
            return [client.etcdctl(member.client_url, "put", "started", member.name) for member in members]
        except Exception:
            return None
    until(all_answer, 60, "the cluster to take writes")


def renew_all(hosts):
    with concurrent.futures.ThreadPoolExecutor(len(hosts)) as pool:
        outcomes = list(pool.map(Host.renew, hosts))
    assert [outcome.code for outcome in outcomes] == [0] * len(hosts), outcomes


def renew_under_load(hosts, members, client):
    """Every set, fifty times; the next round comes when each member served some more connections."""
    with Load(members, client, NAME) as load:
        for _ in range(RENEWALS):
            renew_all(hosts)
            reached = {name: count + 3 for name, count in load.writes.items()}
            until(lambda: all(load.writes[member.name] >= reached.get(member.name, 3) for member in members), 60,
                  "writes to every member")
    return load


def tell(capsys, title, load, members):
    with capsys.disabled():
        logged = sum(len(member.refused_handshakes()) for member in members)
        print(f"\n{title}: {RENEWALS} renewals of {len(members)} members, {sum(load.writes.values())} connections, "
              f"{len(load.failures)} failed handshakes seen by clients, {logged} in the members' logs")


def test_no_handshake_fails_through_fifty_renewals_when_the_key_stays(tmp_path, bao, tokens, client, capsys):
    hosts, members = make_cluster(tmp_path, bao, tokens, {"method": "sign", "key_type": "ec", "rekey": "never"})
    with running(members):
        healthy(members, client)
        reachable(members, client)
        started = {member.name: len(member.refused_handshakes()) for member in members}
        load = renew_under_load(hosts, members, client)
        tell(capsys, "rekey: never", load, members)
        assert load.failures == []
        assert {member.name: len(member.refused_handshakes()) for member in members} == started
        # etcd did serve the renewed certificates, not the first one.
        assert all(len(load.presented[member.name]) > RENEWALS * 0.8 for member in members)
        reachable(members, client)
    assert len({serial(host.certs / "etcd-member.pem") for host in hosts}) == len(hosts)


@pytest.mark.parametrize("method", ["issue", "sign"])
def test_with_a_new_key_each_time_failures_are_counted_and_pass(tmp_path, bao, tokens, client, capsys, method):
    request = {"method": method, "rekey": "always"} if method == "sign" else {"method": method}
    hosts, members = make_cluster(tmp_path, bao, tokens, request)
    with running(members):
        healthy(members, client)
        load = renew_under_load(hosts, members, client)
        tell(capsys, f"rekey: always, method: {method}", load, members)
        # A reader of two paths can pair an old certificate with a new key for an instant, once a renewal.
        assert len(load.failures) <= RENEWALS * len(members)
        assert all(len(load.presented[member.name]) > RENEWALS * 0.8 for member in members)
        reachable(members, client)
