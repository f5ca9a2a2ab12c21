# SPDX-License-Identifier: Apache-2.0
"""When a turn asks for a certificate, when it mends in place, and when it does nothing: counted at the server."""
import json
import os
import re
import shutil

import pytest

import kluster
from conftest import shipped
from host import snapshot
from openssl import assert_set, common_name, names, serial
from waiting import until

NAME = "etcd-member.pem"


@pytest.fixture
def calm_host(etcd_host):
    """Keeps valid certificates over a boot."""
    etcd_host.change(renewal={"on_boot": "when_due"})
    etcd_host.install()
    return etcd_host


@pytest.fixture
def asked(bao):
    """Requests for certificates since the fixture, or since the last look."""
    seen = [len(bao.requests("/issue/", "/sign/"))]

    def count():
        before, seen[0] = seen[0], len(bao.requests("/issue/", "/sign/"))
        return seen[0] - before
    return count


def generation(host):
    return (host.certs / NAME).resolve().parent


def all_requests(bao):
    return len(bao.requests(""))


def test_with_nothing_due_nothing_at_all_is_asked(calm_host, bao):
    before = all_requests(bao)
    installed = snapshot(calm_host.root)
    assert calm_host.once().code == 0
    assert all_requests(bao) == before
    assert snapshot(calm_host.certs) == {name.removeprefix("etc/etcd/certs/"): facts for name, facts in
                                         installed.items() if name.startswith("etc/etcd/certs/")}


def change_names(host):
    host.change(certificates={"etcd-member": {"common_name": "renamed.cluster.local"}})


def change_ttl(host):
    host.change(certificates={"etcd-member": {"ttl": "240h"}})


def change_method(host):
    host.change(certificates={"etcd-member": {"method": "sign", "key_type": "ec"}})


def change_key(host):
    change_method(host)
    assert host.once().code == 0
    host.change(certificates={"etcd-member": {"method": "sign", "key_type": "ec", "key_bits": 384}})


def rewrite(name, content):
    return lambda host: (host.certs / name).resolve().write_text(content)


def unlink_content(name):
    return lambda host: (host.certs / name).resolve().unlink()


def other_key(host):
    shutil.copy(host.certs / "etcd-member-ca.pem", (host.certs / "etcd-member-key.pem").resolve())


def remove_everything(host):
    shutil.rmtree(host.certs)


def remove_generation(host):
    shutil.rmtree(generation(host))


# What cannot be mended without a new certificate.
REISSUED = [
    ("other names are configured", change_names),
    ("another ttl is configured", change_ttl),
    ("another method is configured", change_method),
    ("another key is configured", change_key),
    ("the key's content is gone", unlink_content("etcd-member-key.pem")),
    ("the certificate's content is gone", unlink_content(NAME)),
    ("the CA's content is gone", unlink_content("etcd-member-ca.pem")),
    ("the certificate is no certificate any more", rewrite(NAME, "garbage")),
    ("the certificate is empty", rewrite(NAME, "")),
    ("the key is another file's content", other_key),
    ("the generation is gone", remove_generation),
    ("the directory is gone", remove_everything),
]


@pytest.mark.parametrize("drift", [row[1] for row in REISSUED], ids=[row[0] for row in REISSUED])
def test_what_a_set_cannot_answer_any_more_is_issued_again(calm_host, asked, drift):
    """Fault 54."""
    drift(calm_host)
    asked()
    before = generation(calm_host) if calm_host.certs.exists() else None
    outcome = calm_host.once()
    assert outcome.code == 0, outcome
    assert asked() == 1
    assert generation(calm_host) != before
    assert_set(calm_host.certs, "etcd-member")
    assert calm_host.once().code == 0
    assert asked() == 0


def wide_key(host):
    (host.certs / "etcd-member-key.pem").resolve().chmod(0o644)


def narrow_certificate(host):
    (host.certs / NAME).resolve().chmod(0o600)


def foreign_owner(host):
    os.chown((host.certs / NAME).resolve(), 65534, 65534)


def narrow_directory(host):
    generation(host).chmod(0o700)


def no_link(host):
    (host.certs / "etcd-member-key.pem").unlink()


def file_for_link(host):
    (host.certs / NAME).unlink()
    (host.certs / NAME).write_text("not ours")


MENDED = [
    ("a key's mode was widened", wide_key),
    ("a certificate's mode was narrowed", narrow_certificate),
    ("the owner was changed", foreign_owner),
    ("the generation's directory was closed", narrow_directory),
    ("a name is gone", no_link),
    ("a name is a file that is not ours", file_for_link),
]


def published(host):
    """The visible names with what they resolve to."""
    return {path.name: (oct(path.stat().st_mode), path.stat().st_uid, path.read_bytes(),
                        oct(path.resolve().parent.stat().st_mode))
            for path in host.certs.iterdir() if path.name[0] != "."}


@pytest.mark.parametrize("drift", [row[1] for row in MENDED], ids=[row[0] for row in MENDED])
def test_what_can_be_mended_in_place_is_not_issued_again(calm_host, asked, drift):
    """Fault 54."""
    before = published(calm_host)
    drift(calm_host)
    assert calm_host.once().code == 0
    assert asked() == 0
    assert published(calm_host) == before


def test_another_owner_is_given_in_place(calm_host, asked):
    calm_host.change(certificates={"etcd-member": {"owner": "nobody"}})
    number = serial(calm_host.certs / NAME)
    assert calm_host.once().code == 0
    assert asked() == 0
    assert serial(calm_host.certs / NAME) == number
    assert (calm_host.certs / "etcd-member-key.pem").stat().st_uid == 65534


def in_another_boot(host):
    """Makes the installed set one of an earlier boot, as far as the program can know."""
    facts = generation(host) / ".generation.json"
    content = json.loads(facts.read_text())
    assert content["boot_id"]
    content["boot_id"] = "00000000-0000-4000-8000-000000000000"
    facts.write_text(json.dumps(content))


@pytest.mark.parametrize("on_boot, requests", [("always", 1), ("when_due", 0)])
def test_after_a_boot(etcd_host, asked, on_boot, requests):
    etcd_host.change(renewal={"on_boot": on_boot})
    etcd_host.install()
    asked()
    assert etcd_host.once().code == 0
    assert asked() == 0
    in_another_boot(etcd_host)
    assert etcd_host.once().code == 0
    assert asked() == requests
    assert etcd_host.once().code == 0
    assert asked() == 0


def test_what_nears_its_end_is_renewed(calm_host, asked):
    calm_host.change(certificates={"etcd-member": {"ttl": "20s"}}, renewal={"on_boot": "when_due", "at": "20%"})
    assert calm_host.once().code == 0
    number = serial(calm_host.certs / NAME)
    assert asked() == 1

    def renewed():
        assert calm_host.once().code == 0
        return serial(calm_host.certs / NAME) != number
    until(renewed, 15, "the renewal at a share of the lifetime")
    assert asked() == 1


def test_a_dry_run_says_why_and_changes_nothing(calm_host, bao):
    change_names(calm_host)
    before, requests = snapshot(calm_host.root), all_requests(bao)
    outcome = calm_host.once("--dry-run")
    assert outcome.code == 0, outcome
    assert "etcd-member" in outcome.out
    assert snapshot(calm_host.root) == before
    assert all_requests(bao) == requests


def test_a_dry_run_on_an_empty_host_makes_not_even_a_directory(etcd_host, bao):
    requests = all_requests(bao)
    assert etcd_host.once("--dry-run").code == 0
    assert snapshot(etcd_host.root) == {}
    assert all_requests(bao) == requests


def test_names_limit_the_turn_to_those_named(host, bao, tokens, asked):
    host.write_token(tokens["controller"])
    host.configure(shipped("controller", host, bao))
    assert host.once("kube-apiserver").code == 0
    assert asked() == 1
    assert not (host.certs / NAME).exists()
    assert_set(host.certs, "kube-apiserver")


def test_a_token_whose_time_has_come_is_renewed_once(calm_host, bao):
    """Fault 18."""
    token = kluster.make_token(bao, "short", kluster.grants("kluster/pki/etcd-member/issue/etcd-member"), period="30m")
    calm_host.write_token(token)
    assert calm_host.once().code == 0  # learns of it

    def ends():
        return bao.call("GET", "auth/token/lookup-self", token=token)[1]["data"]["expire_time"]
    before, renewals = ends(), len(bao.requests("auth/token/renew-self"))
    state = calm_host.root / "var/lib/install-cert/state.json"
    state.write_text(re.sub(r'("next_care": ?)"[^"]*"', r'\1"2026-01-01T00:00:00Z"', state.read_text()))
    for _ in range(2):
        assert calm_host.once().code == 0
        assert len(bao.requests("auth/token/renew-self")) == renewals + 1
    assert ends() > before


def test_renew_asks_whatever_is_due(calm_host, asked):
    number = serial(calm_host.certs / NAME)
    assert calm_host.renew("etcd-member").code == 0
    assert asked() == 1
    assert serial(calm_host.certs / NAME) != number


def test_superseded_keys_are_removed_after_the_grace_without_another_turn(calm_host):
    """Fault S19."""
    before = generation(calm_host)
    assert calm_host.renew().code == 0
    assert before.exists()
    until(lambda: not before.exists(), 15, "the superseded generation's removal")
    assert_set(calm_host.certs, "etcd-member")


def test_what_a_killed_removal_left_is_collected_by_the_next_turn(calm_host):
    home = calm_host.certs / ".etcd-member"
    litter = home / f"19991121{generation(calm_host).name[8:]}"
    shutil.copytree(generation(calm_host), litter)
    # The grace of the last swap is over.
    os.utime(home / "current", (1_000_000_000, 1_000_000_000), follow_symlinks=False)
    assert calm_host.once().code == 0
    assert not litter.exists()
    assert_set(calm_host.certs, "etcd-member")


def test_the_budget_stops_a_loop_of_changes(calm_host, asked):
    """Fault 90."""
    codes = []
    for number in range(14):
        calm_host.change(certificates={"etcd-member": {"common_name": f"n{number}.cluster.local"}})
        # Within the budget there is an answer to wait for, beyond it nothing.
        codes.append(calm_host.once("--timeout", "60s" if number < 10 else "1s").code)
    assert asked() <= 10
    assert codes[0] == 0 and codes[-1] == 75, codes
    assert common_name(calm_host.certs / NAME) in names(calm_host.certs / NAME)
