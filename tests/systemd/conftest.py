# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the boot suite: OpenBao on the outside, and an etcd host that systemd boots."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support" / "python"))

import kluster  # noqa: E402
from authority import Authority  # noqa: E402
from etcd_host import EtcdHost  # noqa: E402
from openbao import OpenBao  # noqa: E402


@pytest.fixture(scope="module")
def bao(tmp_path_factory):
    with OpenBao(tmp_path_factory.mktemp("openbao"), Authority("Listener CA")) as server:
        yield server


@pytest.fixture(scope="module")
def token(bao):
    return kluster.set_up(bao)["etcd-member"]


@pytest.fixture(scope="module")
def host(tmp_path_factory, bao, token):
    """Not booted yet, and without token and CA file."""
    made = EtcdHost(tmp_path_factory.mktemp("machine"), bao, token)
    yield made
    made.machine.remove()
