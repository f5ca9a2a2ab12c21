# SPDX-License-Identifier: Apache-2.0
"""What a real OpenBao refuses: exit code and message of each refusal, and the installed set untouched."""
import contextlib
import re

import pytest

import kluster
from authority import Authority
from conftest import shipped
from host import snapshot
from openssl import assert_set

MOUNT = "kluster/pki/etcd-member"


def tokens_of(host, bao):
    """What must not be seen in any message."""
    present = host.token_file.read_text().strip() if host.token_file.exists() else ""
    return [bao.root_token, present or bao.root_token]


def certificate(host, **changes):
    host.change(certificates={"etcd-member": changes})


@contextlib.contextmanager
def sealed(host, bao):
    bao.seal()
    yield
    bao.unseal()


@contextlib.contextmanager
def rate_limit(host, bao):
    bao.write("sys/quotas/config", enable_rate_limit_response_headers=True)
    bao.write("sys/quotas/rate-limit/tight", path=MOUNT, rate=1, interval="600s", block_interval="600s")
    bao.call("POST", f"{MOUNT}/issue/etcd-member", {})
    yield
    bao.delete("sys/quotas/rate-limit/tight")


@contextlib.contextmanager
def revoked_token(host, bao):
    token = kluster.make_token(bao, "short-lived", kluster.grants(f"{MOUNT}/issue/etcd-member"))
    bao.write("auth/token/revoke", token=token)
    host.write_token(token)
    yield


@contextlib.contextmanager
def without_policy(host, bao):
    host.write_token(kluster.make_token(bao, "elsewhere", kluster.grants("elsewhere/issue/x")))
    yield


@contextlib.contextmanager
def restricted_names(host, bao):
    kluster.make_role(bao, MOUNT, "restricted", allow_any_name=False, allowed_domains="example.com",
                      allow_subdomains=True)
    host.write_token(kluster.make_token(bao, "restricted", kluster.grants(f"{MOUNT}/issue/restricted")))
    certificate(host, role="restricted", common_name="host.example.org", alt_names=[])
    yield


@contextlib.contextmanager
def lifetime_of_the_ca(host, bao):
    """Which has begun earlier. Of the same mount: another one's CA would be trusted ahead of its leaf."""
    kluster.make_role(bao, MOUNT, "lasting", ttl="87600h", max_ttl="87600h")
    host.write_token(kluster.make_token(bao, "lasting", kluster.grants(f"{MOUNT}/issue/lasting")))
    certificate(host, role="lasting", ttl="87600h")
    yield


def arranged(act):
    @contextlib.contextmanager
    def arrangement(host, bao):
        act(host, bao)
        yield
    return arrangement


def root_token_for(changes):
    def act(host, bao):
        host.write_token(bao.root_token)
        certificate(host, **changes)
    return arranged(act)


def vault(**changes):
    return arranged(lambda host, bao: host.change(vault={**host.values["vault"], **changes(host, bao)}
                                                  if callable(changes) else {**host.values["vault"], **changes}))


def foreign_ca(host, bao):
    stranger, _, _ = Authority("Stranger").write_server(host.inputs, "stranger")
    host.change(vault={**host.values["vault"], "ca_cert": str(stranger)})


REFUSALS = [
    ("sealed", sealed, 69, "sealed"),
    ("nobody listens", vault(address="https://127.0.0.1:1"), 69, "127.0.0.1"),
    ("a server certificate of another CA", arranged(foreign_ca), 69, "certificate"),
    ("a server certificate of another name", vault(tls_server_name="vault.example.com"), 69, "vault.example.com|name"),
    ("throttled for longer than the time-out", rate_limit, 75, "429|rate|throttl"),
    ("a CA file that is not there yet", vault(ca_cert="/nonexistent/ca.pem"), 75, "/nonexistent/ca.pem"),
    ("a token that is not there yet", arranged(lambda host, bao: host.token_file.unlink()), 75, "inputs/token"),
    ("an empty token file", arranged(lambda host, bao: host.write_token("")), 75, "inputs/token"),
    ("an unknown role", root_token_for({"role": "nobody"}), 76, "unknown role: nobody"),
    ("a name that is not allowed", restricted_names, 76, "host.example.org"),
    ("a TTL beyond the CA", lifetime_of_the_ca, 76, f"{MOUNT}/issue/lasting"),
    ("no such mount", root_token_for({"mount": "no/such/pki"}), 76, "no/such/pki"),
    ("a token that OpenBao does not know", arranged(lambda host, bao: host.write_token("s.nonsense")), 77, "token"),
    ("a revoked token", revoked_token, 77, "token"),
    ("no policy for the path", without_policy, 77, rf'path "{MOUNT}/issue/etcd-member"'),
    ("a token file that others may read", arranged(lambda host, bao: host.token_file.chmod(0o644)), 77,
     "inputs/token.*0?644"),
    ("a token with control characters", arranged(lambda host, bao: host.write_token("s.a\tb\nc")), 77, "inputs/token"),
]


@pytest.mark.parametrize("arrangement, code, message", [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_a_refusal_is_named_and_leaves_the_installed_set_alone(etcd_host, bao, arrangement, code, message):
    """Faults 17, 20, 28."""
    installed = etcd_host.install()
    with arrangement(etcd_host, bao):
        outcome = etcd_host.renew("--timeout", "2s")
        assert snapshot(etcd_host.certs) == installed
        assert outcome.code == code, outcome
        assert re.search(message, outcome.err.replace("\n", " ")), outcome
        assert outcome.err.startswith("install-cert: "), outcome
        assert not any(token in outcome.err + outcome.out for token in tokens_of(etcd_host, bao))
    assert_set(etcd_host.certs, "etcd-member")


@pytest.mark.parametrize("arrangement, code", [(row[1], row[2]) for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_a_refused_first_installation_leaves_no_file(etcd_host, bao, arrangement, code):
    """Fault 3."""
    with arrangement(etcd_host, bao):
        assert etcd_host.once("--timeout", "2s").code == code
    assert [path.name for path in etcd_host.certs.glob("*") if path.name[0] != "."] == []
    assert list(etcd_host.certs.glob(".etcd-member/*")) == []


def test_a_late_token_and_a_late_ca_are_taken_up_by_the_next_turn(etcd_host, bao, tokens):
    """Fault 12."""
    late_ca = etcd_host.inputs / "ca.pem"
    etcd_host.change(vault={**etcd_host.values["vault"], "ca_cert": str(late_ca)})
    etcd_host.token_file.unlink()
    assert etcd_host.once("--timeout", "1s").code == 75
    etcd_host.write_token(tokens["etcd-member"])
    assert etcd_host.once("--timeout", "1s").code == 75
    late_ca.write_bytes(bao.ca_file.read_bytes())
    assert etcd_host.once().code == 0
    assert_set(etcd_host.certs, "etcd-member")


def test_a_short_retry_after_is_waited_for_within_the_time_out(etcd_host, bao):
    bao.write("sys/quotas/config", enable_rate_limit_response_headers=True)
    bao.write("sys/quotas/rate-limit/short", path=MOUNT, rate=1, interval="2s")
    try:
        bao.call("POST", f"{MOUNT}/issue/etcd-member", {})
        outcome = etcd_host.once()
    finally:
        bao.delete("sys/quotas/rate-limit/short")
    assert outcome.code == 0, outcome


def test_the_gravest_of_several_failures_is_the_exit_code(host, bao, tokens):
    host.write_token(tokens["kube-apiserver"])
    host.configure(shipped("controller", host, bao, certificates={"kube-apiserver": {"common_name": "a b"}}))
    outcome = host.once()
    assert outcome.code == 77, outcome
    assert "etcd-member" in outcome.err and "kube-apiserver" in outcome.err
