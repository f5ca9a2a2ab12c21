# SPDX-License-Identifier: Apache-2.0
"""What a certificate can ask of a PKI mount: method, keys, names, CAs, client certificates, variables."""

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

import kluster
from authority import Order, pem
from conftest import vault_access
from openbao import OpenBao
from openssl import assert_chain, assert_pair, common_name, leaf, names, serial


def describe(host, server, token, **certificate):
    """A host file that describes one certificate, `web`, without a role."""
    host.write_token(token)
    host.configure({"vault": vault_access(host, server), "certificates": {"web": {
        "mount": "web/pki", "role": "any", "common_name": "web.example.com", "directory": "/etc/web",
        "files": {"ca": "ca.pem", "certificate": "web.pem", "key": {"name": "web-key.pem", "mode": "0600"}},
        **certificate}}})
    return host.root / "etc/web"


@pytest.fixture(scope="module")
def web_token(bao):
    kluster.mount_pki(bao, "web/pki")
    kluster.make_root(bao, "web/pki", "Web CA")
    kluster.make_role(bao, "web/pki", "any")
    for kind, bits in (("rsa", 2048), ("rsa", 3072), ("ec", 256), ("ec", 384), ("ed25519", 0)):
        kluster.make_role(bao, "web/pki", f"{kind}-{bits}", key_type=kind, key_bits=bits)
    return kluster.make_token(bao, "web", kluster.grants("web/pki/issue/*", "web/pki/sign/*"))


KEYS = [("rsa", 2048), ("rsa", 3072), ("ec", 256), ("ec", 384), ("ed25519", 0)]


@pytest.mark.parametrize("method", ["issue", "sign"])
@pytest.mark.parametrize("kind, bits", KEYS)
def test_every_kind_of_key(host, bao, web_token, method, kind, bits):
    size = {"key_bits": bits} if bits else {}
    directory = describe(host, bao, web_token, role=f"{kind}-{bits}", method=method, key_type=kind, **size)
    assert host.once().code == 0
    assert_chain(directory / "ca.pem", directory / "web.pem")
    assert_pair(directory / "web.pem", directory / "web-key.pem")
    key = load_pem_private_key((directory / "web-key.pem").read_bytes(), None)
    assert getattr(key, "key_size", 0) == bits and kind in type(key).__name__.lower().replace("ellipticcurve", "ec")


def test_every_kind_of_name(host, bao, web_token):
    directory = describe(host, bao, web_token, alt_names=["*.example.com", "a.example.com"],
                         ip_sans=["192.0.2.1", "2001:db8::1"], uri_sans=["spiffe://example.com/web"])
    assert host.once().code == 0
    assert names(directory / "web.pem") == {"web.example.com", "*.example.com", "a.example.com", "192.0.2.1",
                                            "2001:db8::1", "spiffe://example.com/web"}


@pytest.mark.parametrize("rekey, same", [("never", True), ("always", False)])
def test_rekey_decides_whether_the_key_stays(host, bao, web_token, rekey, same):
    directory = describe(host, bao, web_token, method="sign", rekey=rekey)
    assert host.once().code == 0
    key, number = (directory / "web-key.pem").read_bytes(), serial(directory / "web.pem")
    assert host.renew().code == 0
    assert serial(directory / "web.pem") != number
    assert ((directory / "web-key.pem").read_bytes() == key) is same
    assert_pair(directory / "web.pem", directory / "web-key.pem")


@pytest.mark.parametrize("method", ["issue", "sign"])
def test_an_intermediate_stands_behind_the_leaf_and_the_root_is_trusted(host, bao, web_token, method):
    if "intermediate/pki/" not in bao.read("sys/mounts")["data"]:
        kluster.mount_pki(bao, "intermediate/pki")
        kluster.make_intermediate(bao, "intermediate/pki", "web/pki", "Intermediate CA")
        kluster.make_role(bao, "intermediate/pki", "any")
    token = kluster.make_token(bao, "intermediate", kluster.grants("intermediate/pki/+/any"))
    directory = describe(host, bao, token, mount="intermediate/pki", method=method)
    assert host.once().code == 0
    assert (directory / "web.pem").read_text().count("BEGIN CERTIFICATE") == 2
    assert_chain(directory / "ca.pem", directory / "web.pem")
    assert common_name(directory / "ca.pem") in ("Web CA", "Intermediate CA")


def test_a_shorter_lifetime_than_asked_is_installed_and_said(host, bao, web_token):
    """Fault 48."""
    kluster.make_role(bao, "web/pki", "short", max_ttl="1h", ttl="1h")
    directory = describe(host, bao, web_token, role="short", ttl="720h")
    outcome = host.once()
    assert outcome.code == 0, outcome
    lifetime = leaf(directory / "web.pem").not_valid_after - leaf(directory / "web.pem").not_valid_before
    assert lifetime.total_seconds() <= 3700
    assert "short" in (outcome.out + outcome.err).lower() or "lifetime" in outcome.out + outcome.err, outcome
    before = len(bao.requests("web/pki/issue/short"))
    assert host.once().code == 0
    assert len(bao.requests("web/pki/issue/short")) == before


def test_variables_come_from_environment_files_and_from_the_host_file(host, bao, web_token):
    environment = host.write_input(host.inputs / "environment", "COREOS_PRIVATE_IPV4=10.0.0.7\n")
    directory = describe(host, bao, web_token, common_name="kube-${COREOS_PRIVATE_IPV4}.${zone}",
                         ip_sans=["${COREOS_PRIVATE_IPV4}", "${ip}"])
    host.change(variables={"zone": "cluster.local"}, environment_files=[str(environment), "-/nonexistent"])
    assert host.once().code == 0
    assert names(directory / "web.pem") == {"kube-10.0.0.7.cluster.local", "10.0.0.7", "127.0.0.1"}


def test_drop_ins_override_in_the_order_of_their_names(host, bao, web_token):
    directory = describe(host, bao, web_token)
    drop_ins = host.inputs / "config.d"
    drop_ins.mkdir()
    for number, name in ((20, "second"), (10, "first")):
        host.write_input(drop_ins / f"{number}.yaml", f"certificates: {{web: {{common_name: {name}.example.com}}}}\n")
    assert host.once().code == 0
    assert common_name(directory / "web.pem") == "second.example.com"


def test_environment_variables_fill_in_what_the_file_leaves_out(host, bao, web_token):
    directory = describe(host, bao, web_token)
    vault = {"auth": host.values["vault"]["auth"]}
    host.change(vault=vault)
    assert host.once(BAO_ADDR=bao.address, VAULT_CACERT=str(bao.ca_file)).code == 0
    assert (directory / "web.pem").exists()


def test_a_token_in_the_environment_serves_where_no_file_is(host, bao, web_token):
    directory = describe(host, bao, web_token)
    host.token_file.unlink()
    host.change(vault={key: value for key, value in host.values["vault"].items() if key != "auth"})
    assert host.once(VAULT_TOKEN=web_token).code == 0
    assert (directory / "web.pem").exists()


def test_verification_cannot_be_switched_off_from_the_environment(host, bao, web_token):
    describe(host, bao, web_token)
    outcome = host.once(VAULT_SKIP_VERIFY="true")
    assert outcome.code == 78 and "insecure_skip_verify" in outcome.err, outcome


def test_a_server_that_demands_a_client_certificate_gets_it(host, tmp_path, authority):
    """Fault 43."""
    with OpenBao(tmp_path / "mutual", authority, client_ca=authority) as bao:
        kluster.mount_pki(bao, "web/pki")
        kluster.make_root(bao, "web/pki", "Web CA")
        kluster.make_role(bao, "web/pki", "any")
        directory = describe(host, bao, bao.root_token)
        refused = host.once("--timeout", "2s")
        assert refused.code == 69 and "client" in refused.err, refused
        certificate, key = authority.issue(Order("host"))
        pair = {"client_cert": host.write_input(host.inputs / "client.pem", certificate),
                "client_key": host.write_input(host.inputs / "client-key.pem", key)}
        host.change(vault={**host.values["vault"], **{name: str(path) for name, path in pair.items()}})
        assert host.once().code == 0
        assert (directory / "web.pem").exists()


def test_fifty_certificates_ask_once_each(host, bao, web_token):
    describe(host, bao, web_token)
    web = host.values["certificates"]["web"]
    host.change(certificates={f"web-{n}": {**web, "directory": f"/etc/web/{n}"} for n in range(50)})
    before = len(bao.requests("web/pki/issue/any"))
    assert host.once().code == 0
    assert len(bao.requests("web/pki/issue/any")) == before + 50
    assert len({serial(host.root / f"etc/web/{n}/web.pem") for n in range(50)}) == 50


@pytest.mark.parametrize("auth", ["approle", "cert"])
def test_other_ways_to_log_in(host, bao, web_token, authority, auth):
    directory = describe(host, bao, web_token)
    host.token_file.unlink()
    host.change(vault={**host.values["vault"], **LOGINS[auth](host, bao, authority)})
    outcome = host.once()
    assert outcome.code == 0, outcome
    assert (directory / "web.pem").exists()


def enable(bao, method):
    if f"{method}/" not in bao.read("sys/auth")["data"]:
        bao.write(f"sys/auth/{method}", type=method)


def approle(host, bao, _):
    enable(bao, "approle")
    bao.write("auth/approle/role/host", token_policies=["web"])
    role_id = bao.read("auth/approle/role/host/role-id")["data"]["role_id"]
    secret_id = bao.write("auth/approle/role/host/secret-id")["data"]["secret_id"]
    return {"auth": {"method": "approle", "role_id": role_id,
                     "secret_id_file": str(host.write_input(host.inputs / "secret-id", secret_id))}}


def client_certificate(host, bao, authority):
    enable(bao, "cert")
    certificate, key = authority.issue(Order("host"))
    bao.write("auth/cert/certs/host", certificate=pem(authority.certificate), token_policies=["web"])
    return {"auth": {"method": "cert", "role": "host"},
            "client_cert": str(host.write_input(host.inputs / "client.pem", certificate)),
            "client_key": str(host.write_input(host.inputs / "client-key.pem", key))}


LOGINS = {"approle": approle, "cert": client_certificate}
