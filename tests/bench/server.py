# SPDX-License-Identifier: Apache-2.0
"""The OpenBao that is asked: raft storage, TLS, one PKI mount as a cluster has it, one token."""
import contextlib
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support" / "python"))

import kluster  # noqa: E402
from authority import Authority  # noqa: E402
from openbao import OpenBao  # noqa: E402

MOUNT = "kluster/pki/etcd-member"


@contextlib.contextmanager
def running(directory, audited=False):
    """Without an audit log, which costs the server time, unless requests are to be counted."""
    bao = OpenBao(directory, Authority(), audited=audited)
    try:
        bao.start()
        kluster.mount_pki(bao, MOUNT)
        # The CA's key is of the kind that the server makes by itself: RSA 2048.
        bao.write(f"{MOUNT}/root/generate/internal", common_name="kluster CA", ttl="87600h")
        kluster.make_role(bao, MOUNT, "ec")
        kluster.make_role(bao, MOUNT, "rsa", key_type="rsa", key_bits=2048)
        # Dated from the request, so that peers which renew at a share of the whole lifetime see a
        # short one.
        kluster.make_role(bao, MOUNT, "short", not_before_duration="1s")
        token = kluster.make_token(bao, "bench", kluster.grants(f"{MOUNT}/*"))
        bao.token_file = bao.directory / "token"
        bao.token_file.touch(mode=0o600)
        bao.token_file.write_text(token)
        yield bao
    finally:
        bao.stop()


def cpu_seconds(bao):
    """CPU time of the server process so far."""
    fields = pathlib.Path(f"/proc/{bao.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
