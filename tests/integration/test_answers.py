# SPDX-License-Identifier: Apache-2.0
"""Answers that no real Vault gives: each is refused with its exit code, and the installed set stays untouched."""
import json
import os
import pathlib

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from authority import MINUTE, Authority, new_key, pem
from conftest import shipped
from host import snapshot
from openssl import assert_set
from scripted_vault import Reply, answer, issued

PKI = Authority("Scripted PKI")
STRANGER = Authority("Stranger")


def defective(**defects):
    """A certificate as asked for but for `defects`."""
    return lambda request: answer(issued(PKI, request, **defects))


def with_fields(**fields):
    """An otherwise good answer; a field of None is left out."""
    def script(request):
        data = {**issued(PKI, request), **fields}
        return answer({name: value for name, value in data.items() if value is not None})
    return script


def body(content, **reply):
    return lambda request: Reply(content, **reply)


def raw(transform):
    return lambda request: Reply(transform(answer(issued(PKI, request)).body))


def cut(request):
    whole = answer(issued(PKI, request))
    return Reply(whole.body[:200], missing=len(whole.body) - 200)


def wrong_names(request):
    return answer(issued(PKI, request, names=("elsewhere.example.com",)))


def one_name_more(request):
    return answer(issued(PKI, request, names=(*request.order().names, "bank.example.com")))


def one_name_less(request):
    return answer(issued(PKI, request, names=request.order().names[:-1]))


DEEP = 1_000_000
ANSWERS = [
    ("cut in the middle", cut, 69, ""),
    ("a closed connection", body(b"", missing=100), 69, ""),
    ("HTML from a captive portal", body(b"<html><b>Please log in</b></html>", content_type="text/html"), 76, "JSON"),
    ("a megabyte and more", body(b'{"data":"' + b"x" * (2 << 20) + b'"}'), 76, ""),
    ("a million brackets", body(b"[" * DEEP), 76, ""),
    ("an object a hundred thousand deep", body(b'{"data":' * 100_000 + b"1" + b"}" * 100_000), 76, ""),
    ("no JSON at all", body(b"\x00\xff\xfe garbage"), 76, "JSON"),
    ("nothing", body(b""), 76, ""),
    ("null", body(b"null"), 76, ""),
    ("an empty object", body(b"{}"), 76, ""),
    ("data of another type", body(b'{"data":[]}'), 76, "data"),
    ("JSON and more behind it", raw(lambda text: text + b"}"), 76, ""),
    ("half of the JSON, well delivered", raw(lambda text: text[:len(text) // 2]), 76, ""),
    ("a certificate that is a number", with_fields(certificate=7), 76, "certificate"),
    ("a certificate that is no PEM", with_fields(certificate="MIIB"), 76, "certificate"),
    ("no certificate", with_fields(certificate=None), 76, "certificate"),
    ("no key", with_fields(private_key=None), 76, "private_key"),
    ("a key that is a list", with_fields(private_key=["x"]), 76, "private_key"),
    ("a key that is a certificate", with_fields(private_key=pem(PKI.certificate)), 76, ""),
    ("no issuing CA", with_fields(issuing_ca=None, ca_chain=None), 76, ""),
    ("a chain of another type", with_fields(ca_chain={"0": 1}), 76, "ca_chain"),
    ("a key of another certificate", defective(key=new_key()), 76, "key"),
    ("expired", defective(start=-60 * MINUTE, end=-MINUTE), 76, "expired"),
    ("valid next week only", defective(start=7 * 24 * 60 * MINUTE, end=14 * 24 * 60 * MINUTE), 76, "valid only from"),
    ("other names", wrong_names, 76, "elsewhere.example.com|name"),
    ("a name too many", one_name_more, 76, "bank.example.com"),
    ("a name too few", one_name_less, 76, ""),
    ("another common name", defective(common_name="elsewhere"), 76, "elsewhere|common name"),
    ("signed by another CA than presented", lambda request: answer(issued(STRANGER, request, presented=PKI)), 76, ""),
    ("a CA as leaf", defective(is_ca=True), 76, "CA"),
    ("a leaf that no server may use", defective(usages=(ExtendedKeyUsageOID.CODE_SIGNING,)), 76, ""),
    ("the server's own failure", body(b'{"errors":["internal error"]}', status=500), 69, "internal error"),
    ("a gateway's failure", body(b"Bad gateway", status=502, content_type="text/plain"), 69, "502"),
    ("throttled until tomorrow", body(b'{"errors":["slow down"]}', status=429, headers={"Retry-After": "86400"}), 75,
     "slow down"),
    ("sent elsewhere", body(b"", status=307, headers={"Location": "https://127.0.0.2:1/v1/x"}), 76, ""),
    ("sent to plain http", body(b"", status=307, headers={"Location": "http://127.0.0.1:1/v1/x"}), 76, ""),
    ("an error with a terminal's control codes", body(json.dumps({"errors": ["\x1b[2J\nForged: line"]}).encode(),
                                                      status=400), 76, "Forged"),
]


@pytest.fixture
def scripted_host(host, scripted):
    host.write_token("s.scripted")
    # `usages` is what makes a leaf for code signing wrong.
    host.configure(shipped("etcd", host, scripted, certificates={
        "etcd-member": {"common_name": "member", "alt_names": ["a.cluster.local", "b.cluster.local"],
                        "ip_sans": ["127.0.0.1"], "usages": ["server", "client"]}}))
    scripted.script = defective()
    return host


@pytest.mark.parametrize("script, code, message", [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_a_bad_answer_is_refused_and_leaves_the_installed_set_alone(scripted_host, scripted, script, code, message):
    """Faults 25, 38, 44, 46, 47."""
    installed = scripted_host.install()
    scripted.script = script

    outcome = scripted_host.renew("--timeout", "2s")

    assert snapshot(scripted_host.certs) == installed
    assert outcome.code == code, outcome
    assert any(word in outcome.err for word in message.split("|")), outcome
    assert all(line.isprintable() for line in outcome.err.splitlines()), outcome
    assert "PRIVATE KEY" not in outcome.err + outcome.out and "s.scripted" not in outcome.err + outcome.out
    assert_set(scripted_host.certs, "etcd-member")


DEFECTS = ("a key of another certificate", "expired", "other names", "a name too many", "a CA as leaf")


@pytest.mark.parametrize("script", [row[1] for row in ANSWERS if row[0] in DEFECTS], ids=DEFECTS)
def test_a_program_that_does_not_verify_is_caught(scripted_host, scripted, script):
    installed = scripted_host.install()
    scripted_host.program = pathlib.Path(os.environ["MUTANTS"]) / "unverified"
    scripted.script = script
    scripted_host.renew("--timeout", "2s")
    assert snapshot(scripted_host.certs) != installed


def test_the_scripted_server_can_give_a_good_answer(scripted_host):
    scripted_host.install()
    assert_set(scripted_host.certs, "etcd-member")


def test_a_server_that_never_ends_its_answer_costs_no_more_than_the_time_out(scripted_host, scripted):
    """Faults 33, S8."""
    installed = scripted_host.install()
    _, release = scripted.hold()
    try:
        outcome = scripted_host.renew("--timeout", "1s")
    finally:
        release()
    assert outcome.code == 75, outcome
    assert snapshot(scripted_host.certs) == installed


def test_a_permanent_refusal_is_asked_for_once(scripted_host, scripted):
    """Fault 27."""
    scripted.script = body(b'{"errors":["unknown role: etcd-member"]}', status=400)
    before = len(scripted.requests)
    assert scripted_host.once().code == 76
    assert [request.path for request in scripted.requests[before:] if "/issue/" in request.path] == [
        "kluster/pki/etcd-member/issue/etcd-member"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_short_wish_to_be_asked_later_is_honoured_within_the_time_out(scripted_host, scripted, status):
    """Fault 24."""
    replies = iter([Reply(b'{"errors":["later"]}', status, headers={"Retry-After": "1"})])
    scripted.script = lambda request: next(replies, None) or answer(issued(PKI, request))
    before = len(scripted.requests)
    outcome = scripted_host.once()
    assert outcome.code == 0, outcome
    assert len([request for request in scripted.requests[before:] if "/issue/" in request.path]) == 2
    assert_set(scripted_host.certs, "etcd-member")


def test_a_key_made_on_the_host_never_leaves_it(scripted_host, scripted):
    """Fault S1."""
    scripted_host.change(certificates={"etcd-member": {**scripted_host.values["certificates"]["etcd-member"],
                                                       "method": "sign", "key_type": "ec"}})
    before = len(scripted.requests)
    scripted_host.install()
    asked = [request for request in scripted.requests[before:] if request.body]
    assert [request.path for request in asked] == ["kluster/pki/etcd-member/sign/etcd-member"]
    assert "PRIVATE" not in json.dumps(asked[0].body)
