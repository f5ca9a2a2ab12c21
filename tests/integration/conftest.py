# SPDX-License-Identifier: Apache-2.0
"""Fixtures: one OpenBao server with a cluster's PKI for all tests of a file, and a fresh host for each test."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support" / "python"))

import kluster  # noqa: E402
from authority import Authority  # noqa: E402
from host import Host  # noqa: E402
from openbao import OpenBao  # noqa: E402
from scripted_vault import ScriptedVault  # noqa: E402


@pytest.fixture(scope="session")
def authority():
    """Signs the servers' certificates."""
    return Authority("Listener CA")


@pytest.fixture(scope="session")
def bao(tmp_path_factory, authority):
    with OpenBao(tmp_path_factory.mktemp("openbao"), authority) as server:
        yield server


@pytest.fixture(scope="session")
def tokens(bao):
    return kluster.set_up(bao)


@pytest.fixture
def host(tmp_path):
    # Debian's default; a test's own may be narrower.
    os.umask(0o022)
    return Host(tmp_path)


@pytest.fixture
def etcd_host(host, bao, tokens):
    """A host with the shipped role `etcd`, a token and a reachable OpenBao; nothing installed yet."""
    host.write_token(tokens["etcd-member"])
    host.configure(shipped("etcd", host, bao))
    return host


@pytest.fixture(scope="session")
def scripted(tmp_path_factory, authority):
    server = ScriptedVault(tmp_path_factory.mktemp("scripted"), authority)
    yield server
    server.stop()


def shipped(role, host, server, **more):
    """A host file for a shipped role."""
    return {"role": role, "cluster": "kluster", "vault": vault_access(host, server), **more}


def vault_access(host, server):
    return {"address": server.address, "ca_cert": str(server.ca_file), "auth": {"token_file": str(host.token_file)}}
