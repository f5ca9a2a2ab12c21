# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the boot suite: OpenBao on the outside, and an etcd host that systemd boots; one of each for a file."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support" / "python"))

import kluster  # noqa: E402
from authority import Authority  # noqa: E402
from etcd_host import EtcdHost  # noqa: E402
from openbao import OpenBao  # noqa: E402
from package import built_package  # noqa: E402


@pytest.fixture(scope="module")
def bao(tmp_path_factory):
    with OpenBao(tmp_path_factory.mktemp("openbao"), Authority("Listener CA")) as server:
        yield server


@pytest.fixture(scope="module")
def token(bao):
    return kluster.set_up(bao)["etcd-member"]


@pytest.fixture(scope="module")
def bare_host(tmp_path_factory, bao, token):
    """Configured, but without the agent, token and CA file, and not booted yet."""
    made = EtcdHost(tmp_path_factory.mktemp("machine"), bao, token)
    yield made
    made.machine.remove()


@pytest.fixture(scope="module")
def host(bare_host):
    """Agent and etcd wait for its boot; token and CA file are missing."""
    bare_host.install(built_package())
    return bare_host


@pytest.fixture(scope="module")
def booted(host):
    host.give_token()
    host.give_ca()
    host.machine.boot()
    return host


@pytest.fixture
def serving(booted):
    """A host that was booted with all it needs: agent, gate and etcd are up, and no turn waits to be run."""
    booted.await_serving()
    return booted
